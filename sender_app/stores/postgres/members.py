"""Members of workspaces in Postgres."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import nulls_last
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from sender_app.domain.actor import Role
from sender_app.domain.errors import NotFound
from sender_app.domain.identity import Identity
from sender_app.domain.member import Member, RoleSource, Standing, admission
from sender_app.stores.postgres.engine import Database
from sender_app.stores.postgres.tables.members import MemberRow
from sender_app.stores.postgres.tables.workspaces import WorkspaceRow
from sender_app.stores.postgres.workspaces import ensured


class PostgresMembers:
    """See ports.store.members.MemberStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def admit(
        self,
        person: Identity,
        workspaces: Mapping[str, str],
        default: Role | None,
        defaults: Mapping[str, str],
    ) -> list[Member]:
        with self._database.session() as session:
            kept = dict(_all(session, person.sub))
            found = admission(kept, workspaces, person.role, default)
            for key, standing in found.standings.items():
                workspace = ensured(session, key, workspaces[key], defaults)
                _let_in(session, workspace.id, person, standing)
            for key in found.left:
                session.delete(session.get_one(MemberRow, (kept[key].workspace_id, person.sub)))
            session.flush()
            return [
                member
                for key, member in _all(session, person.sub)
                if key in workspaces and member.removed_at is None
            ]

    def find(self, workspace_id: UUID, user_id: str) -> Member | None:
        with self._database.session() as session:
            found = session.exec(
                select(MemberRow, WorkspaceRow.name)
                .join(WorkspaceRow, col(WorkspaceRow.id) == col(MemberRow.workspace_id))
                .where(MemberRow.workspace_id == workspace_id, MemberRow.user_id == user_id)
                .where(col(MemberRow.removed_at).is_(None))
            ).one_or_none()
            return _member(*found) if found else None

    def of_person(self, user_id: str) -> list[Member]:
        with self._database.session() as session:
            found = session.exec(
                select(MemberRow, WorkspaceRow.name)
                .join(WorkspaceRow, col(WorkspaceRow.id) == col(MemberRow.workspace_id))
                .where(MemberRow.user_id == user_id)
                .where(col(MemberRow.removed_at).is_(None))
                .order_by(nulls_last(col(MemberRow.seen_at).desc()))
            )
            return [_member(row, name) for row, name in found]

    def list(self, workspace_id: UUID) -> list[Member]:
        with self._database.session() as session:
            found = session.exec(
                select(MemberRow, WorkspaceRow.name)
                .join(WorkspaceRow, col(WorkspaceRow.id) == col(MemberRow.workspace_id))
                .where(MemberRow.workspace_id == workspace_id)
                .order_by(
                    col(MemberRow.removed_at).is_not(None), col(MemberRow.name), MemberRow.user_id
                )
            )
            return [_member(row, name) for row, name in found]

    def change(self, workspace_id: UUID, user_id: str, role: Role | None) -> bool:
        with self._database.session() as session:
            # One change at a time: two admins must not demote each other.
            session.get(WorkspaceRow, workspace_id, with_for_update=True)
            rows = session.exec(select(MemberRow).where(MemberRow.workspace_id == workspace_id))
            by_id = {row.user_id: row for row in rows}
            row = by_id.pop(user_id, None)
            if row is None:
                raise NotFound("member", user_id)
            if (
                _is_admin(row)
                and role is not Role.ADMIN
                and not any(map(_is_admin, by_id.values()))
            ):
                return False
            if role is None:
                row.removed_at = datetime.now(UTC)
            else:
                row.role, row.source, row.removed_at = role.value, RoleSource.LOCAL.value, None
            session.add(row)
            return True

    def touch(self, workspace_id: UUID, user_id: str) -> None:
        with self._database.session() as session:
            row = session.get(MemberRow, (workspace_id, user_id))
            if row is not None:
                row.seen_at = datetime.now(UTC)
                session.add(row)


def _all(session: Session, user_id: str) -> list[tuple[str, Member]]:
    """Every membership of a person with the workspace's key; locked until the transaction ends."""
    found = session.exec(
        select(MemberRow, WorkspaceRow.key, WorkspaceRow.name)
        .join(WorkspaceRow, col(WorkspaceRow.id) == col(MemberRow.workspace_id))
        .where(MemberRow.user_id == user_id)
        .order_by(nulls_last(col(MemberRow.seen_at).desc()))
        .with_for_update(of=MemberRow)
        .execution_options(populate_existing=True)
    )
    return [(key, _member(row, name)) for row, key, name in found]


def _let_in(session: Session, workspace_id: UUID, person: Identity, standing: Standing) -> None:
    values = {
        "name": person.name,
        "login": person.login,
        "role": standing.role.value,
        "source": standing.source.value,
        "removed_at": None,
    }
    session.execute(
        insert(MemberRow)
        .values(workspace_id=workspace_id, user_id=person.sub, **values)
        .on_conflict_do_update(index_elements=["workspace_id", "user_id"], set_=values)
    )


def _is_admin(row: MemberRow) -> bool:
    return row.role == Role.ADMIN and row.removed_at is None


def _member(row: MemberRow, workspace_name: str) -> Member:
    return Member(
        workspace_id=row.workspace_id,
        workspace_name=workspace_name,
        user_id=row.user_id,
        name=row.name,
        login=row.login,
        role=Role(row.role),
        source=RoleSource(row.source),
        seen_at=row.seen_at,
        removed_at=row.removed_at,
    )
