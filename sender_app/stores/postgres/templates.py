"""The library of messages in Postgres."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from sender_app.domain.errors import NotFound
from sender_app.ports.store.removed import Removed
from sender_app.ports.store.templates import MessageTemplate
from sender_app.stores.postgres.engine import Database
from sender_app.stores.postgres.tables.templates import TemplateRow


class PostgresTemplates:
    """See ports.store.templates.TemplateStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, workspace_id: UUID) -> list[MessageTemplate]:
        query = (
            select(TemplateRow)
            .where(TemplateRow.workspace_id == workspace_id)
            .order_by(func.lower(TemplateRow.name), col(TemplateRow.id))
        )
        with self._database.session() as session:
            return [_template(row) for row in session.exec(query)]

    def get(self, workspace_id: UUID, template_id: UUID) -> MessageTemplate:
        with self._database.session() as session:
            return _template(_found(session, workspace_id, template_id))

    def save(
        self,
        workspace_id: UUID,
        user_id: str,
        template_id: UUID | None,
        name: str,
        texts: Sequence[str],
    ) -> MessageTemplate | None:
        try:
            with self._database.session() as session:
                if template_id is None:
                    row = TemplateRow(workspace_id=workspace_id, user_id=user_id, name=name)
                else:
                    row = _found(session, workspace_id, template_id)
                row.name, row.texts, row.updated_at = name, list(texts), datetime.now(UTC)
                session.add(row)
                session.flush()
                session.refresh(row)
                return _template(row)
        except IntegrityError as error:
            if "templates_workspace_id_name_key" in str(error):
                return None
            raise

    def delete(self, workspace_id: UUID, template_id: UUID) -> Removed:
        with self._database.transaction() as cursor:
            row = cursor.execute(
                "DELETE FROM templates t WHERE id = %s AND workspace_id = %s"
                " RETURNING to_jsonb(t)::text AS record",
                (template_id, workspace_id),
            ).fetchone()
            return Removed(1, row.record.encode()) if row else Removed(0)

    def restore(self, workspace_id: UUID, record: bytes) -> bool:
        with self._database.transaction() as cursor:
            return (
                cursor.execute(
                    "INSERT INTO templates SELECT * FROM"
                    " jsonb_populate_record(NULL::templates, %s::jsonb) t"
                    " WHERE t.workspace_id = %s ON CONFLICT DO NOTHING",
                    (record.decode(), workspace_id),
                ).rowcount
                > 0
            )


def _found(session: Session, workspace_id: UUID, template_id: UUID) -> TemplateRow:
    row = session.get(TemplateRow, template_id)
    if row is None or row.workspace_id != workspace_id:
        raise NotFound("template", template_id)
    return row


def _template(row: TemplateRow) -> MessageTemplate:
    return MessageTemplate(row.id, row.name, tuple(row.texts), row.updated_at)
