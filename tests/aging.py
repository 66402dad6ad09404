"""What happened is made to have happened earlier, in either store, where no port can do that."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sender_app.domain.campaign import Campaign
from sender_app.stores.postgres.store import PostgresStore
from sender_app.stores.redis.answers import ANSWERS, answer_of
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.media import USED
from sender_app.stores.redis.recipient_rows import in_doubt, recipients
from sender_app.stores.redis.rows import Row
from sender_app.stores.redis.store import RedisStore

Store = PostgresStore | RedisStore


def age_media(store: Store, workspace_id: UUID, by: timedelta, *media_ids: UUID) -> None:
    """Files were last used so long ago."""
    at = datetime.now(UTC) - by
    if isinstance(store, PostgresStore):
        _execute(
            store,
            "UPDATE media SET used_at = %s WHERE id = ANY(%s)",
            at,
            [str(m) for m in media_ids],
        )
        return
    _change(store, of(workspace_id, "media"), lambda _: {"used_at": at.isoformat()}, *media_ids)
    for media_id in media_ids:
        name = f"{workspace_id}:{media_id}"
        store.database.transact(lambda tx, n=name: tx.add(USED, n, score=at.timestamp()))


def age_answers(store: Store, workspace_id: UUID, by: timedelta, *, lost: bool = False) -> None:
    """Answers of programs were kept so long ago, or, when `lost`, never."""
    at = datetime.now(UTC) - by
    if isinstance(store, PostgresStore):
        _execute(
            store,
            "UPDATE api_answers SET started_at = %s,"
            " status = CASE WHEN %s THEN NULL ELSE status END WHERE workspace_id = %s",
            at,
            lost,
            workspace_id,
        )
        return
    for name in [name for name, _ in store.database.view().ranked(ANSWERS)]:
        key = name.split(":", 1)[1]
        change = {"started_at": at.isoformat()} | ({"status": None} if lost else {})
        _change(store, answer_of(workspace_id, key), lambda _, c=change: c)
        store.database.transact(lambda tx, n=name: tx.add(ANSWERS, n, score=at.timestamp()))


def age_claims(store: Store, campaign: Campaign, by: timedelta) -> None:
    """Recipients were claimed so long ago."""
    at = datetime.now(UTC) - by
    if isinstance(store, PostgresStore):
        _execute(store, "UPDATE campaign_recipients SET claimed_at = %s", at)
        return
    table = recipients(campaign.workspace_id, campaign.id)
    _change(store, table, lambda row: {"claimed_at": row["claimed_at"] and at.isoformat()})


def parts_in_doubt(store: Store, campaign: Campaign) -> dict[UUID, set[int]]:
    """Parts of which nobody knows whether they came, by recipient."""
    found: dict[UUID, set[int]] = defaultdict(set)
    if isinstance(store, PostgresStore):
        statement = "SELECT recipient_id, part FROM recipient_messages WHERE in_doubt"
        with store.database.transaction() as cursor:
            for one in cursor.execute(statement):
                found[one.recipient_id].add(one.part)
        return found
    table = recipients(campaign.workspace_id, campaign.id)
    for key, row in store.database.view().all(table).items():
        if in_doubt(row):
            found[UUID(key)] = {int(n) for n, part in row["parts"].items() if part["in_doubt"]}
    return found


def _execute(store: PostgresStore, statement: str, *values: object) -> None:
    with store.database.transaction() as cursor:
        cursor.execute(statement, values)  # pyright: ignore[reportArgumentType]


def _change(store: RedisStore, table: str, change: Callable[[Row], Row], *keys: object) -> None:
    def work(tx: Transaction) -> None:
        asked = set(map(str, keys))
        for key, row in tx.all(table).items():
            if not asked or key in asked:
                tx.put(table, key, row | change(row))

    store.database.transact(work)
