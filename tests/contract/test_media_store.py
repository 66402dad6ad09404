"""What every place for files promises: a folder, and a bucket of a real S3 server."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from sender_app.adapters.media_store import BucketMediaStore, FolderMediaStore
from sender_app.domain.errors import NotFound, StorageUnavailable
from sender_app.ports.media import MediaStore
from tests.stack import eventually

KEYS = {"access_key": "sender", "secret_key": "secret"}


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An S3 server with the bucket `sender`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("s3") / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=out,
            stderr=out,
        )
    eventually(lambda: answers(port), what="the S3 server")
    url = f"http://127.0.0.1:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=KEYS["access_key"],
        aws_secret_access_key=KEYS["secret_key"],
    )
    client.create_bucket(Bucket="sender")
    client.close()
    yield url
    server.terminate()
    server.wait(10)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(params=["folder", "bucket"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    if request.param == "folder":
        return FolderMediaStore(tmp_path / "media")
    url = request.getfixturevalue("endpoint")
    return BucketMediaStore(bucket="sender", endpoint=url, region="us-east-1", **KEYS)


def test_it_gives_back_what_was_put(files: MediaStore):
    content = bytes(range(256)) * 100
    files.put("media/a/1", content)
    assert files.get("media/a/1") == content


def test_it_replaces_what_was_there(files: MediaStore):
    files.put("media/a/2", b"before")
    files.put("media/a/2", b"after")
    assert files.get("media/a/2") == b"after"


def test_it_keeps_large_files_whole(files: MediaStore):
    content = bytes(range(256)) * (80 * 4096)  # 80 MB, which goes over in pieces
    files.put("media/large", content)
    assert files.get("media/large") == content


def test_what_is_not_there_is_not_found(files: MediaStore):
    with pytest.raises(NotFound):
        files.get("media/nobody/1")


def test_what_was_deleted_is_gone_and_deleting_again_changes_nothing(files: MediaStore):
    files.put("media/a/3", b"x")
    for _ in range(2):
        files.delete("media/a/3")
    with pytest.raises(NotFound):
        files.get("media/a/3")


def test_a_bucket_that_is_not_there_is_an_error_of_its_own(endpoint: str):
    store = BucketMediaStore(bucket="nobody", endpoint=endpoint, region="us-east-1", **KEYS)
    for use in (lambda: store.put("x", b"x"), lambda: store.get("x")):
        with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
            use()
