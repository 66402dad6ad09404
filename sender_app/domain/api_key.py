"""Keys of programs that use the API: what one looks like, and how long it holds."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sender_app.domain.actor import Role
from sender_app.domain.errors import RuleViolation

PREFIX = "sender_"  # so that scanners for leaked secrets can tell one
LONGEST_NAME = 60  # characters
MOST_DAYS = 3660
_SHOWN = len(PREFIX) + 6  # letters by which people tell their keys apart


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key. It does what the person who made it may still do, and no more than `role`."""

    id: UUID
    workspace_id: UUID
    user_id: str
    name: str
    role: Role
    hint: str  # the secret's first letters
    created_at: datetime
    expires_at: datetime | None = None  # None: holds until it is revoked
    used_at: datetime | None = None  # to the minute
    revoked_at: datetime | None = None
    owner: str = ""  # the name of the person who made it


def new_secret() -> str:
    """256 random bits, as a program shows them."""
    return PREFIX + secrets.token_urlsafe(32)


def is_secret(token: str) -> bool:
    """Whether a bearer token is one of our keys, good or not."""
    return token.startswith(PREFIX)


def hint_of(secret: str) -> str:
    """What is kept of a secret to tell it by."""
    return secret[:_SHOWN]


def digest_of(secret: str) -> bytes:
    """What is kept of a secret to find it by; 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def checked_name(name: str) -> str:
    """Raises RuleViolation("api_key_name_blank", "field_too_long")."""
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        raise RuleViolation("api_key_name_blank")
    if len(name) > LONGEST_NAME:
        raise RuleViolation("field_too_long", limit=LONGEST_NAME)
    return name
