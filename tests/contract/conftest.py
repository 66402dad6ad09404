"""The stores that keep the contract: Postgres, and Redis alone."""

from collections.abc import Iterator

import pytest

from sender_app.adapters.redis_client import connect
from sender_app.ports.store import Store
from sender_app.stores.postgres.store import PostgresStore
from sender_app.stores.redis.store import RedisStore


@pytest.fixture(params=["postgres", "redis"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store of each kind. Tests of what only Postgres has take `database_url` too."""
    if request.param == "postgres":
        store: PostgresStore | RedisStore = PostgresStore(request.getfixturevalue("database_url"))
    elif "database_url" in request.fixturenames:
        pytest.skip("looks into Postgres")
    else:
        store = RedisStore(connect(request.getfixturevalue("redis_url")))
    yield store
    store.close()
