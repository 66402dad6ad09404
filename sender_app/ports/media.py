"""Files that people upload: kept by key, in a folder or a bucket."""

from typing import Protocol


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
