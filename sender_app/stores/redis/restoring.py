"""What a store that was restored must not do by itself: it does not know what was sent since."""

from uuid import UUID

from sender_app.domain.campaign import CampaignStatus, PauseReason
from sender_app.stores.redis.keys import place
from sender_app.stores.redis.store import RedisStore

_ACTIVE = frozenset({CampaignStatus.RUNNING, CampaignStatus.SCHEDULED})


def make_careful(store: RedisStore) -> int:
    """Pause campaigns that ran or were scheduled, and leave answers that waited to a person.

    Returns how many campaigns were paused.
    """
    return sum(_pause(store, key) for key in store.database.view().all(place("campaigns")))


def _pause(store: RedisStore, key: str) -> bool:
    reason = PauseReason.RESTORED
    return store.campaigns.move(UUID(key), _ACTIVE, CampaignStatus.PAUSED, reason)
