"""Files that people upload: kept by key in a folder or a bucket, and made ready for WhatsApp."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sender_app.domain.media import Limits, MediaKind, Prepared


class Sink(Protocol):
    """Takes bytes; closed, they are kept."""

    def write(self, block: bytes, /) -> object: ...

    def close(self) -> object: ...


class MediaStore(Protocol):
    """A place for bytes. Keys are relative paths, such as `imports/<workspace>/<id>`.

    Every method may raise StorageUnavailable.
    """

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


class MediaReader(Protocol):
    """Finds out what a file is, from its content alone, and makes it ready for WhatsApp."""

    def read(self, path: Path, filename: str, wanted: MediaKind | None, limits: Limits) -> Prepared:
        """The file made ready, as `wanted` or else as what it shows itself to be.

        Whatever the file holds, this ends in time and with bounded memory. Raises RuleViolation:
        `media_*` when it is damaged, too large, of a type that WhatsApp does not take, or hides
        something else than it shows.
        """
        ...
