"""The stores that keep the contract: Postgres, and Redis alone."""

from collections.abc import Iterator

import pytest

from sender_app.adapters.redis_client import connect
from sender_app.ports.store import Store
from sender_app.stores.postgres.store import PostgresStore
from sender_app.stores.redis.store import RedisStore
from tests.contract.clinic import Clinic


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test with a store runs on each kind, but for those that look into Postgres itself."""
    if "store" in metafunc.fixturenames:
        inside = "database_url" in metafunc.fixturenames
        metafunc.parametrize("store", ["postgres", *([] if inside else ["redis"])], indirect=True)


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store of the kind that is asked for."""
    if request.param == "postgres":
        store: PostgresStore | RedisStore = PostgresStore(request.getfixturevalue("database_url"))
    else:
        store = RedisStore(connect(request.getfixturevalue("redis_url")))
    yield store
    store.close()


@pytest.fixture
def clinic(store: Store) -> Clinic:
    return Clinic(store)
