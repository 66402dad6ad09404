"""The audit log in Redis."""

from uuid import UUID

from sender_app.domain.actor import Actor
from sender_app.domain.errors import NotFound
from sender_app.ports.pages import Page
from sender_app.ports.store.audit import AuditEntry
from sender_app.stores.cursors import key_at
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import of, place
from sender_app.stores.redis.rows import compact, new_key, read


class RedisAudit:
    """See ports.store.audit.AuditStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def append(self, actor: Actor, action: str, subject: str, outcome: str = "") -> UUID:
        def work(tx: Transaction) -> UUID:
            key = new_key()
            row = {
                "id": key,
                "user_id": actor.user_id,
                "name": actor.name,
                "action": action,
                "subject": subject,
                "outcome": outcome,
                "created_at": tx.now(),
            }
            tx.put(_entries(actor.workspace_id), key, row)
            tx.add(_newest(actor.workspace_id), key)
            tx.put(place("audit"), key, {"workspace": actor.workspace_id})
            return key

        return self._database.transact(work)

    def settle(self, entry_id: UUID, outcome: str) -> None:
        def work(tx: Transaction) -> None:
            where = tx.aside().row(place("audit"), entry_id)
            row = tx.row(_entries(where["workspace"]), entry_id) if where else None
            if where is None or row is None:
                raise NotFound("audit entry", entry_id)
            tx.put(_entries(where["workspace"]), entry_id, row | {"outcome": outcome})

        self._database.transact(work)

    def page(self, workspace_id: UUID, cursor: str | None, limit: int) -> Page[AuditEntry]:
        view = self._database.view()
        before = key_at(cursor)
        keys = view.names(
            _newest(workspace_id), before=before and str(before), limit=limit + 1, descending=True
        )
        rows = compact(view.rows(_entries(workspace_id), keys[:limit]))
        more = keys[limit - 1] if len(keys) > limit else None
        return Page([read(AuditEntry, row) for row in rows], more)


def _entries(workspace_id: UUID | str) -> str:
    return of(workspace_id, "team", "audit")


def _newest(workspace_id: UUID | str) -> str:
    return of(workspace_id, "team", "audit", "newest")
