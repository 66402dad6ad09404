"""What a store that was restored must not do by itself: it does not know what was sent since."""

from uuid import UUID

from sender_app.domain.campaign import CampaignStatus, PauseReason
from sender_app.domain.conversation import AnswerStatus
from sender_app.domain.errors import OutcomeUnknown
from sender_app.stores.redis.answer_rows import OPEN, open_answers, put_answer
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.keys import place
from sender_app.stores.redis.store import RedisStore

_ACTIVE = frozenset({CampaignStatus.RUNNING, CampaignStatus.SCHEDULED})


def make_careful(store: RedisStore) -> int:
    """Pause campaigns that ran or were scheduled, and leave answers that waited to a person.

    Returns how many campaigns were paused.
    """
    view = store.database.view()
    for account, where in view.all(place("accounts")).items():
        _doubt(store, where["workspace"], account)
    return sum(_pause(store, UUID(key)) for key in view.all(place("campaigns")))


def _pause(store: RedisStore, key: UUID) -> bool:
    reason = PauseReason.RESTORED
    return store.campaigns.move(key, _ACTIVE, CampaignStatus.PAUSED, reason)


def _doubt(store: RedisStore, workspace: str, account: str) -> None:
    def work(tx: Transaction) -> None:
        for status in OPEN:
            for row in open_answers(tx, workspace, account, status):
                doubted = {
                    "status": AnswerStatus.UNCONFIRMED,
                    "error_code": OutcomeUnknown.code,
                    "claimed_at": row["claimed_at"] or row["created_at"],
                }
                put_answer(tx, workspace, row | doubted, row)

    store.database.transact(work)
