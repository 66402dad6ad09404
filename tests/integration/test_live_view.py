"""What a page that watches gets to know."""

import asyncio
from uuid import uuid4

from redis import Redis

from sender_app.adapters.redis_events import RedisEvents
from sender_app.adapters.redis_hub import Hub
from sender_app.ports.events import Changed


def test_a_watch_begins_with_a_look_and_goes_on_at_every_change(redis_url: str):
    """A change between a page's first look and its watch would else never be seen."""
    thing, other = uuid4(), uuid4()

    async def watch() -> None:
        hub = Hub(redis_url)
        with hub.looking_at(thing) as changed, Redis.from_url(redis_url) as redis:
            assert changed.is_set()
            changed.clear()
            await asyncio.wait_for(changed.wait(), 10)  # the subscription stands
            changed.clear()
            events = RedisEvents(redis)
            events.publish(Changed(uuid4(), "campaign", other))
            events.publish(Changed(uuid4(), "campaign", thing))
            await asyncio.wait_for(changed.wait(), 10)
        with hub.looking_at(thing) as changed:  # this one found the subscription standing
            assert changed.is_set()

    asyncio.run(watch())
