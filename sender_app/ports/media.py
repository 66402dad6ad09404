"""Files that people upload: kept by key, in a folder or a bucket."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class Sink(Protocol):
    """Takes bytes; closed, they are kept."""

    def write(self, block: bytes, /) -> object: ...

    def close(self) -> object: ...


class MediaStore(Protocol):
    """A place for bytes. Keys are relative paths, such as `imports/<workspace>/<id>`."""

    def put(self, key: str, content: bytes) -> None:
        """Keep `content`, replacing what was there."""
        ...

    def get(self, key: str) -> bytes:
        """Raises NotFound."""
        ...

    def delete(self, key: str) -> None:
        """Nothing happens when it is not there."""
        ...

    def writer(self, key: str) -> Sink:
        """Keeps what is written to it once it is closed, replacing what was there."""
        ...

    def local(self, key: str) -> AbstractContextManager[Path]:
        """The content as a file of this machine, not to be changed. Raises NotFound."""
        ...
