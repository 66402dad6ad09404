"""The audit log in Postgres."""

from uuid import UUID

from sqlmodel import col, select

from sender_app.domain.actor import Actor
from sender_app.ports.pages import Page
from sender_app.ports.store.audit import AuditEntry
from sender_app.stores.cursors import key_at
from sender_app.stores.postgres.engine import Database
from sender_app.stores.postgres.tables.audit import AuditRow


class PostgresAudit:
    """See ports.store.audit.AuditStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, actor: Actor, action: str, subject: str, outcome: str = "") -> UUID:
        row = AuditRow(
            workspace_id=actor.workspace_id,
            user_id=actor.user_id,
            name=actor.name,
            action=action,
            subject=subject,
            outcome=outcome,
        )
        with self._database.session() as session:
            session.add(row)
            session.flush()
            return row.id

    def settle(self, entry_id: UUID, outcome: str) -> None:
        with self._database.session() as session:
            row = session.get_one(AuditRow, entry_id)
            row.outcome = outcome
            session.add(row)

    def page(self, workspace_id: UUID, cursor: str | None, limit: int) -> Page[AuditEntry]:
        query = select(AuditRow).where(AuditRow.workspace_id == workspace_id)
        if (before := key_at(cursor)) is not None:
            query = query.where(col(AuditRow.id) < before)
        query = query.order_by(col(AuditRow.id).desc()).limit(limit + 1)
        with self._database.session() as session:
            rows = list(session.exec(query))
        more = str(rows[limit - 1].id) if len(rows) > limit else None
        return Page([_entry(row) for row in rows[:limit]], more)


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        action=row.action,
        subject=row.subject,
        outcome=row.outcome,
        created_at=row.created_at,
    )
