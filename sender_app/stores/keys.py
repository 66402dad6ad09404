"""Keys that grow with time: UUIDs of version 7 (RFC 9562, section 5.7)."""

from datetime import UTC, datetime
from uuid import UUID


def first_key(at: datetime) -> UUID:
    """The smallest key of a millisecond."""
    return UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62)


def made_at(key: UUID | str) -> datetime:
    """When a key was made, to the millisecond."""
    return datetime.fromtimestamp((UUID(str(key)).int >> 80) / 1000, UTC)
