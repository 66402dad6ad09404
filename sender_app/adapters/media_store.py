"""Uploaded files through obstore: a local folder, or later a bucket."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore

from sender_app.domain.errors import NotFound
from sender_app.ports.media import Sink


class FolderMediaStore:
    """See ports.media.MediaStore; a folder that every process of this machine can reach."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _store(self) -> LocalStore:
        return LocalStore(self._folder, mkdir=True, automatic_cleanup=True)

    def put(self, key: str, content: bytes) -> None:
        self._store.put(key, content)

    def get(self, key: str) -> bytes:
        try:
            return bytes(self._store.get(key).bytes())
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound("file", key) from error

    def delete(self, key: str) -> None:
        try:
            self._store.delete(key)
        except (NotFoundError, FileNotFoundError):
            return  # already gone is as wished

    def writer(self, key: str) -> Sink:
        return obstore.open_writer(self._store, key)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        path = self._folder / key
        if not path.is_file():
            raise NotFound("file", key)
        yield path
