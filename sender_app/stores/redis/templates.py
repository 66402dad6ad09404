"""The library of messages in Redis."""

from collections.abc import Sequence
from uuid import UUID

from sender_app.domain.errors import NotFound
from sender_app.ports.store.removed import Removed
from sender_app.ports.store.templates import MessageTemplate
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.records import content_of, record_of
from sender_app.stores.redis.rows import Row, new_key, read
from sender_app.stores.redis.view import View


class RedisTemplates:
    """See ports.store.templates.TemplateStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def list(self, workspace_id: UUID) -> list[MessageTemplate]:
        rows = self._database.view().all(_templates(workspace_id)).values()
        ordered = sorted(rows, key=lambda row: (row["name"].lower(), row["id"]))
        return [read(MessageTemplate, row) for row in ordered]

    def get(self, workspace_id: UUID, template_id: UUID) -> MessageTemplate:
        return read(MessageTemplate, _found(self._database.view(), workspace_id, template_id))

    def save(
        self,
        workspace_id: UUID,
        user_id: str,
        template_id: UUID | None,
        name: str,
        texts: Sequence[str],
    ) -> MessageTemplate | None:
        def work(tx: Transaction) -> MessageTemplate | None:
            now = tx.now()
            if template_id is None:
                row = {"id": str(new_key()), "user_id": user_id, "created_at": now}
            else:
                row = _found(tx, workspace_id, template_id)
            others = tx.all(_templates(workspace_id))
            others.pop(row["id"], None)
            if any(other["name"] == name for other in others.values()):
                return None
            row |= {"name": name, "texts": list(texts), "updated_at": now}
            tx.put(_templates(workspace_id), row["id"], row)
            return read(MessageTemplate, row)

        return self._database.transact(work)

    def delete(self, workspace_id: UUID, template_id: UUID) -> Removed:
        def work(tx: Transaction) -> Removed:
            row = tx.row(_templates(workspace_id), template_id)
            if row is None:
                return Removed(0)
            tx.remove(_templates(workspace_id), template_id)
            return Removed(1, record_of(workspace_id, row))

        return self._database.transact(work)

    def restore(self, workspace_id: UUID, record: bytes) -> bool:
        row: Row | None = content_of(workspace_id, record)
        if row is None:
            return False

        def work(tx: Transaction) -> bool:
            for other in tx.all(_templates(workspace_id)).values():
                if row["id"] == other["id"] or row["name"] == other["name"]:
                    return False
            tx.put(_templates(workspace_id), row["id"], row)
            return True

        return self._database.transact(work)


def _templates(workspace_id: UUID) -> str:
    return of(workspace_id, "campaigns", "templates")


def _found(view: View, workspace_id: UUID, template_id: UUID) -> Row:
    row = view.row(_templates(workspace_id), template_id)
    if row is None:
        raise NotFound("template", template_id)
    return row
