"""Finding rows by something else than their keys."""

from collections.abc import Iterable

import orjson

from sender_app.stores.redis.rows import Row
from sender_app.stores.redis.view import View


def rows_by(view: View, finder: str, table: str, names: Iterable[str]) -> list[Row | None]:
    """Rows of a table in the order of the `names` that a finder, a table of {"id": …}, has them
    by; None for each that is not there."""
    found = raw_by(view, finder, table, names)
    return [None if raw is None else orjson.loads(raw) for raw in found]


def raw_by(view: View, finder: str, table: str, names: Iterable[str]) -> list[bytes | None]:
    """The same, as the bytes of the rows."""
    keys = [None if found is None else found["id"] for found in view.rows(finder, names)]
    rows = iter(view.raw(table, [key for key in keys if key is not None]))
    return [None if key is None else next(rows) for key in keys]


def known_to(account: object, phone: str) -> str:
    """What indexes and finders call a person whom an account knows: "account:phone"."""
    return f"{account}:{phone}"


def in_time(at: str, key: object) -> str:
    """What an index calls a thing by the time of it, so that later ones sort later."""
    return f"{at}|{key}"


def key_in(name: str) -> str:
    """The key of a name that `in_time` made."""
    return name.rpartition("|")[2]
