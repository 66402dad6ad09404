"""Uploaded files through obstore: in a local folder, or in a bucket of anything that speaks S3.

Stores are made at first use, since their threads would not survive a fork.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from sender_app.domain.errors import NotFound, StorageUnavailable
from sender_app.ports.media import Sink


class _Objects:
    """See ports.media.MediaStore."""

    _store: LocalStore | S3Store

    def put(self, key: str, content: bytes) -> None:
        with _translated(key):
            self._store.put(key, content)

    def get(self, key: str) -> bytes:
        with _translated(key):
            return bytes(self._store.get(key).bytes())

    def delete(self, key: str) -> None:
        with suppress(NotFound), _translated(key):  # already gone is as wished
            self._store.delete(key)

    def writer(self, key: str) -> Sink:
        with _translated(key):
            return obstore.open_writer(self._store, key)


@contextmanager
def _translated(key: str) -> Iterator[None]:
    """obstore raises its own errors, and Python's where one fits."""
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        if "NoSuchBucket" in str(error):
            raise StorageUnavailable(str(error)) from error
        raise NotFound("file", key) from error
    except (BaseError, OSError) as error:
        raise StorageUnavailable(str(error)) from error


class FolderMediaStore(_Objects):
    """A folder that every process of this machine can reach."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _store(self) -> LocalStore:
        return LocalStore(self._folder, mkdir=True, automatic_cleanup=True)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        path = self._folder / key
        if not path.is_file():
            raise NotFound("file", key)
        yield path


class BucketMediaStore(_Objects):
    """A bucket; `endpoint` is None for Amazon's own. Plain HTTP is for an endpoint that says so."""

    def __init__(
        self, *, bucket: str, endpoint: str | None, region: str, access_key: str, secret_key: str
    ) -> None:
        self._options = {
            "bucket": bucket,
            "region": region,
            "access_key_id": access_key,
            "secret_access_key": secret_key,
            "virtual_hosted_style_request": endpoint is None,
        }
        if endpoint:
            self._options["endpoint"] = endpoint
        self._plain = bool(endpoint and endpoint.startswith("http://"))

    @cached_property
    def _store(self) -> S3Store:
        return S3Store(**self._options, client_options={"allow_http": self._plain})

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        with tempfile.NamedTemporaryFile(prefix="sender-") as file:
            with _translated(key):
                for block in self._store.get(key).stream(min_chunk_size=1 << 20):
                    file.write(block)
            file.flush()
            yield Path(file.name)
