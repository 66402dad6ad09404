"""Rows of members, and in which workspaces a person has one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sender_app.domain.member import RoleSource
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.rows import Row

_NEW = {
    "name": "",
    "login": "",
    "source": RoleSource.LOCAL,
    "seen_at": None,
    "removed_at": None,
}


def members(workspace: UUID | str) -> str:
    """The table of a workspace's members by person."""
    return of(workspace, "team", "members")


def places_of(user_id: str) -> str:
    """The index of workspaces that know a person."""
    return f"members:{user_id}"


def put_member(
    tx: Transaction, workspace: UUID | str, user_id: str, values: Mapping[str, Any]
) -> Row:
    """Insert or change a member."""
    kept = tx.row(members(workspace), user_id)
    row = (kept or {"user_id": user_id, **_NEW, "created_at": tx.now()}) | values
    tx.put(members(workspace), user_id, row)
    tx.add(places_of(user_id), workspace)
    return row


def drop_member(tx: Transaction, workspace: UUID | str, user_id: str) -> None:
    """A person whom the workspace does not know any more."""
    tx.remove(members(workspace), user_id)
    tx.take_out(places_of(user_id), workspace)
