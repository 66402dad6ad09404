"""Members of workspaces in Redis."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from sender_app.domain.actor import Role
from sender_app.domain.errors import NotFound
from sender_app.domain.identity import Identity
from sender_app.domain.member import Member, RoleSource, admission
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import WORKSPACES
from sender_app.stores.redis.member_rows import drop_member, members, places_of, put_member
from sender_app.stores.redis.rows import Row, compact, read
from sender_app.stores.redis.view import View
from sender_app.stores.redis.workspaces import ensured

_NEVER = datetime.min.replace(tzinfo=UTC)


class RedisMembers:
    """See ports.store.members.MemberStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def admit(
        self,
        person: Identity,
        workspaces: Mapping[str, str],
        default: Role | None,
        defaults: Mapping[str, str],
    ) -> list[Member]:
        def work(tx: Transaction) -> list[Member]:
            kept = dict(_all(tx, person.sub))
            found = admission(kept, workspaces, person.role, default)
            for key, standing in found.standings.items():
                values = {
                    "name": person.name,
                    "login": person.login,
                    "role": standing.role,
                    "source": standing.source,
                    "removed_at": None,
                }
                workspace = ensured(tx, key, workspaces[key], defaults)
                put_member(tx, workspace["id"], person.sub, values)
            for key in found.left:
                drop_member(tx, kept[key].workspace_id, person.sub)
            return [
                member
                for key, member in _all(tx, person.sub)
                if key in workspaces and member.removed_at is None
            ]

        return self._database.transact(work)

    def find(self, workspace_id: UUID, user_id: str) -> Member | None:
        view = self._database.view()
        row = view.row(members(workspace_id), user_id)
        workspace = view.row(WORKSPACES, workspace_id)
        if row is None or workspace is None or row["removed_at"]:
            return None
        return _member(row, workspace)

    def of_person(self, user_id: str) -> list[Member]:
        found = _all(self._database.view(), user_id)
        return [member for _, member in found if member.removed_at is None]

    def list(self, workspace_id: UUID) -> list[Member]:
        view = self._database.view()
        workspace = view.row(WORKSPACES, workspace_id)
        rows = view.all(members(workspace_id)).values() if workspace else ()
        ordered = sorted(
            rows,
            key=lambda row: (bool(row["removed_at"]), row["name"].casefold(), row["user_id"]),
        )
        return [_member(row, workspace or {}) for row in ordered]

    def change(self, workspace_id: UUID, user_id: str, role: Role | None) -> bool:
        def work(tx: Transaction) -> bool:
            by_id = tx.all(members(workspace_id))
            row = by_id.pop(user_id, None)
            if row is None:
                raise NotFound("member", user_id)
            others = by_id.values()
            if _is_admin(row) and role is not Role.ADMIN and not any(map(_is_admin, others)):
                return False
            if role is None:
                put_member(tx, workspace_id, user_id, {"removed_at": tx.now()})
            else:
                values = {"role": role, "source": RoleSource.LOCAL, "removed_at": None}
                put_member(tx, workspace_id, user_id, values)
            return True

        return self._database.transact(work)

    def touch(self, workspace_id: UUID, user_id: str) -> None:
        def work(tx: Transaction) -> None:
            if tx.row(members(workspace_id), user_id):
                put_member(tx, workspace_id, user_id, {"seen_at": tx.now()})

        self._database.transact(work)


def _all(view: View, user_id: str) -> list[tuple[str, Member]]:
    """Every membership of a person with the workspace's key, where they were last first."""
    workspaces = compact(view.rows(WORKSPACES, view.names(places_of(user_id))))
    rows = [(workspace, view.row(members(workspace["id"]), user_id)) for workspace in workspaces]
    found = [(workspace["key"], _member(row, workspace)) for workspace, row in rows if row]
    return sorted(found, key=lambda one: one[1].seen_at or _NEVER, reverse=True)


def _is_admin(row: Row) -> bool:
    return row["role"] == Role.ADMIN and row["removed_at"] is None


def _member(row: Row, workspace: Row) -> Member:
    return read(
        Member, row | {"workspace_id": workspace["id"], "workspace_name": workspace["name"]}
    )
