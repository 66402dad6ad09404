"""What every account's process needs, imported once before the fork so that the pages are shared.

The Go library itself must never be loaded here: its runtime does not survive a fork. neonize loads
it when it is imported, so it is given one that loads at its first call, in the account's process.
"""

import ctypes
import gc
import importlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import structlog

from sender_app import bootstrap
from sender_app.domain.errors import NotFound
from sender_app.jobs.later_library import LaterLibrary
from sender_app.ports.store import Store

_SHARED = (
    "pylibmagic",  # brings the library that `magic` looks for
    "magic",
    "psycopg_binary",
    "phonenumbers",
    "polars",
    "sender_app.bootstrap",
    "sender_app.services.serving.account",
    "sender_app.stores.postgres.store",
    "sender_app.stores.redis.store",
)
_NOBODY = UUID(int=0)
# New objects before the collector looks. With Python's 700 it looks over and over at thousands of
# claims and outcomes, none of them garbage, which costs a twentieth of the rate.
_COLLECT_AFTER = 10_000
_log = structlog.get_logger()


def preload() -> None:
    """Import neonize's Python part and Sender's, then freeze all against the collector, which has
    less to do from then on."""
    for name in _SHARED:
        importlib.import_module(name)
    with _go_later():
        importlib.import_module("sender_app.adapters.neonize_gateway")
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)


def warm_up() -> bool:
    """Ask the store what each account's process asks, so that what its libraries make at their
    first questions is shared too (17 MB of SQLAlchemy's and psycopg's); whether it answered."""
    store = bootstrap.serving_store()
    try:
        _ask(store)
        bootstrap.redis().ping()
    except Exception as error:  # noqa: BLE001 - each account's process then does without
        _log.warning("not warmed up", error=str(error))
        return False
    finally:
        store.close()
        bootstrap.redis().close()
    gc.collect()
    gc.freeze()
    return True


def _ask(store: Store) -> None:
    with suppress(NotFound):
        store.accounts.get(_NOBODY)
    with suppress(NotFound):
        store.workspaces.get(_NOBODY)
    store.deliveries.running(_NOBODY)
    store.deliveries.next_due(_NOBODY)
    store.deliveries.history(_NOBODY, datetime.now(UTC))
    store.answering.next_due(_NOBODY)
    store.opt_outs.answers_due(_NOBODY, 1)


@contextmanager
def _go_later() -> Iterator[None]:
    """Whoever loads neonize's library gets one that is loaded later."""
    load = ctypes.CDLL

    def declare(name: str, *args: object, **options: object) -> object:
        if not Path(str(name)).name.startswith("neonize-"):
            return load(name, *args, **options)
        download = importlib.import_module("neonize.download")
        return LaterLibrary(name, {"GetVersion": download.__GONEONIZE_VERSION__.encode()})

    ctypes.CDLL = declare
    try:
        yield
    finally:
        ctypes.CDLL = load
