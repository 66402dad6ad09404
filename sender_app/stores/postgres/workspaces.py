"""Workspaces in Postgres."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from sender_app.domain.actor import Role
from sender_app.domain.errors import NotFound
from sender_app.domain.opt_out import WORDS
from sender_app.domain.workspace import Workspace
from sender_app.stores.postgres.engine import Database
from sender_app.stores.postgres.tables.members import MemberRow
from sender_app.stores.postgres.tables.workspaces import WorkspaceRow

_CHANGEABLE = frozenset(
    {
        *("name", "default_country", "time_zone", "language", "pacing"),
        *("opt_out_words", "opt_out_reply", "rest_days", "needs_approval"),
    }
)


class PostgresWorkspaces:
    """See ports.store.workspaces.WorkspaceStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure(self, key: str, name: str, defaults: Mapping[str, str]) -> Workspace:
        with self._database.session() as session:
            return _workspace(ensured(session, key, name, defaults))

    def ensure_member(self, workspace_id: UUID, user_id: str, name: str, role: Role) -> Role:
        with self._database.session() as session:
            row = session.get(MemberRow, (workspace_id, user_id))
            if row is None:
                values = {
                    "workspace_id": workspace_id,
                    "user_id": user_id,
                    "name": name,
                    "role": role.value,
                }
                session.execute(insert(MemberRow).values(values).on_conflict_do_nothing())
                row = session.get_one(MemberRow, (workspace_id, user_id))
            return Role(row.role)

    def get(self, workspace_id: UUID) -> Workspace:
        with self._database.session() as session:
            return _workspace(_found(session.get(WorkspaceRow, workspace_id), workspace_id))

    def update(self, workspace_id: UUID, values: Mapping[str, object]) -> Workspace:
        with self._database.session() as session:
            row = _found(
                session.get(WorkspaceRow, workspace_id, with_for_update=True), workspace_id
            )
            for name in _CHANGEABLE & values.keys():
                setattr(row, name, values[name])
            session.add(row)
            return _workspace(row)


def ensured(session: Session, key: str, name: str, defaults: Mapping[str, str]) -> WorkspaceRow:
    """The row of the workspace called `key`, made where there is none."""
    query = select(WorkspaceRow).where(WorkspaceRow.key == key)
    row = session.exec(query).one_or_none()
    if row is None:
        values = {"key": key, "name": name, **defaults}
        session.execute(insert(WorkspaceRow).values(values).on_conflict_do_nothing())
        row = session.exec(query).one()
    return row


def _found(row: WorkspaceRow | None, workspace_id: UUID) -> WorkspaceRow:
    if row is None:
        raise NotFound("workspace", workspace_id)
    return row


def _workspace(row: WorkspaceRow) -> Workspace:
    return Workspace(
        id=row.id,
        key=row.key,
        name=row.name,
        default_country=row.default_country,
        time_zone=row.time_zone,
        language=row.language,
        pacing=dict(row.pacing),
        opt_out_words=tuple(row.opt_out_words or WORDS),
        opt_out_reply=row.opt_out_reply,
        rest_days=row.rest_days,
        needs_approval=row.needs_approval,
    )
