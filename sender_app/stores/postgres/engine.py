"""The connection to Postgres, made at first use so that a process may fork before it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Engine, create_engine
from sqlmodel import Session

OLDEST = 180000  # PostgreSQL 18 brings uuidv7()

# The ledger's statements walk indexes from row to row, whatever the tables' sizes. A planner that
# has not yet seen a new campaign's million rows would rather sort them for every claim, and plan
# anew every time.
SERVING = "-c plan_cache_mode=force_generic_plan -c jit=off" + "".join(
    f" -c enable_{way}=off" for way in ("seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin")
)

# Many keys in one statement: uuidv7() asks the system for random bytes each time, a quarter of what
# a row of a campaign costs. After WITH, and with `keys` among its tables, a statement gives each
# row numbered(…): one key's time and random bits, and the row's number in the last 32 of them,
# counted from 2²⁸ so that it always has eight digits (padding them costs as much as all the rest).
KEY_BASE = "left(uuidv7()::text, 28)"
KEYS = f"keys AS MATERIALIZED (SELECT {KEY_BASE} AS base)"


def numbered(number: str, base: str = "keys.base") -> str:
    """The key of the row that SQL's expression `number` (0 to 15·2²⁸−1) counts; see KEYS."""
    return f"({base} || to_hex({number} + 268435456))::uuid"


def sqlalchemy_url(url: str) -> str:
    """A libpq URL as SQLAlchemy wants it: with psycopg 3 as the driver."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def like(search: str) -> str:
    """The pattern of texts that contain `search`, taken literally."""
    escaped = search.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


class Database:
    """Two ways in: SQLModel sessions for single rows, psycopg for sets of rows."""

    def __init__(self, url: str, *, most: int = 10, serving: bool = False) -> None:
        """`serving` is for an account's process, see SERVING; it ends with a broken connection.

        Elsewhere each connection taken from the pool is looked at, and a broken one replaced.
        """
        self.url = url
        self._most = most
        self._serving = serving

    @cached_property
    def engine(self) -> Engine:
        """The engine, with its pool."""
        return self._engine(self._most, SERVING if self._serving else "-c jit=off")

    @cached_property
    def second_engine(self) -> Engine:
        """For a transaction beside one of the first: a pool of its own, or all that have their
        first connection might wait for a second one for ever. It keeps one connection."""
        return self._engine(1, "-c jit=off", overflow=self._most - 1)

    def _engine(self, most: int, options: str, overflow: int = 0) -> Engine:
        return create_engine(
            sqlalchemy_url(self.url),
            pool_size=most,
            max_overflow=overflow,
            pool_pre_ping=not self._serving,
            pool_recycle=600,
            connect_args={
                "application_name": "sender",
                "connect_timeout": 10,
                "options": options,
            },
        )

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A SQLModel session: committed at the end, rolled back on any error."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def transaction(self, *, beside: bool = False) -> Iterator["Cursor"]:
        """A psycopg cursor with named rows: committed at the end, rolled back on any error.

        `beside` another one, which waits for it: on a connection of the second pool.
        """
        pooled = (self.second_engine if beside else self.engine).raw_connection()
        try:
            connection = pooled.driver_connection
            assert isinstance(connection, psycopg.Connection)  # noqa: S101 - narrows the type
            with connection.cursor(row_factory=namedtuple_row) as cursor:
                yield cursor
            connection.commit()
        except BaseException:
            pooled.rollback()
            raise
        finally:
            pooled.close()

    @contextmanager
    def statement(self) -> Iterator["Cursor"]:
        """A cursor whose statements each commit themselves: one way to the server instead of three
        for what is a single statement."""
        pooled = self.engine.raw_connection()
        try:
            connection = pooled.driver_connection
            assert isinstance(connection, psycopg.Connection)  # noqa: S101 - narrows the type
            connection.autocommit = True
            with connection.cursor(row_factory=namedtuple_row) as cursor:
                yield cursor
            connection.autocommit = False
        except BaseException:
            pooled.invalidate()  # whatever state it is in
            raise
        finally:
            pooled.close()

    @contextmanager
    def own(self) -> Iterator[psycopg.Connection]:
        """A connection beside the pool's, which is closed at the end, with all that was prepared on
        it; each statement commits itself."""
        pooled = self.engine.raw_connection()
        try:
            connection = pooled.driver_connection
            assert isinstance(connection, psycopg.Connection)  # noqa: S101 - narrows the type
            pooled.detach()
            connection.autocommit = True
            yield connection
        finally:
            pooled.close()

    def close(self) -> None:
        """Close every connection."""
        for name in ("engine", "second_engine"):
            if name in self.__dict__:
                self.__dict__[name].dispose()


Cursor = psycopg.Cursor[Any]


def only(cursor: Cursor) -> Any:
    """The one row of a statement that gives one or raises."""
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - an aggregate, or INSERT … RETURNING
    return row
