"""Records of what was removed, as the parts of the store give them out and take them back."""

from typing import Any
from uuid import UUID

import orjson

from sender_app.stores.redis.rows import packed


def record_of(workspace: UUID, content: object) -> bytes:
    """A record that only `workspace` can take back."""
    return packed({"workspace": str(workspace), "content": content})


def content_of(workspace: UUID, record: bytes) -> Any:
    """What was recorded; None when it was another workspace's."""
    kept = orjson.loads(record)
    return kept["content"] if kept["workspace"] == str(workspace) else None
