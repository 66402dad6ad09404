"""Workspaces in Redis."""

from collections.abc import Mapping
from uuid import UUID

from sender_app.domain.actor import Role
from sender_app.domain.errors import NotFound
from sender_app.domain.opt_out import WORDS
from sender_app.domain.workspace import Workspace
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import WORKSPACE_KEYS, WORKSPACES
from sender_app.stores.redis.member_rows import members, put_member
from sender_app.stores.redis.rows import Row, new_key, read
from sender_app.stores.redis.view import View

_CHANGEABLE = frozenset(
    {
        *("name", "default_country", "time_zone", "language", "pacing"),
        *("opt_out_words", "opt_out_reply", "rest_days", "needs_approval"),
    }
)
_NEW = {
    "pacing": {},
    "opt_out_words": None,
    "opt_out_reply": None,
    "rest_days": 0,
    "needs_approval": False,
}


class RedisWorkspaces:
    """See ports.store.workspaces.WorkspaceStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def ensure(self, key: str, name: str, defaults: Mapping[str, str]) -> Workspace:
        return _workspace(self._database.transact(lambda tx: ensured(tx, key, name, defaults)))

    def ensure_member(self, workspace_id: UUID, user_id: str, name: str, role: Role) -> Role:
        def work(tx: Transaction) -> Role:
            row = tx.row(members(workspace_id), user_id)
            if row is None:
                row = put_member(tx, workspace_id, user_id, {"name": name, "role": role.value})
            return Role(row["role"])

        return self._database.transact(work)

    def get(self, workspace_id: UUID) -> Workspace:
        return _workspace(found_workspace(self._database.view(), workspace_id))

    def update(self, workspace_id: UUID, values: Mapping[str, object]) -> Workspace:
        def work(tx: Transaction) -> Workspace:
            row = found_workspace(tx, workspace_id)
            row |= {name: values[name] for name in _CHANGEABLE & values.keys()}
            tx.put(WORKSPACES, workspace_id, row)
            return _workspace(row)

        return self._database.transact(work)


def ensured(tx: Transaction, key: str, name: str, defaults: Mapping[str, str]) -> Row:
    """The row of the workspace called `key`, made where there is none."""
    kept = tx.row(WORKSPACE_KEYS, key)
    if kept is not None:
        return found_workspace(tx, kept["id"])
    row = {"id": str(new_key()), "key": key, "name": name, **_NEW, **defaults}
    row["created_at"] = tx.now().isoformat()
    tx.put(WORKSPACES, row["id"], row)
    tx.put(WORKSPACE_KEYS, key, {"id": row["id"]})
    return row


def found_workspace(view: View, workspace_id: UUID | str) -> Row:
    """The row of a workspace; raises NotFound."""
    row = view.row(WORKSPACES, workspace_id)
    if row is None:
        raise NotFound("workspace", workspace_id)
    return row


def _workspace(row: Row) -> Workspace:
    return read(Workspace, row | {"opt_out_words": row["opt_out_words"] or WORDS})
