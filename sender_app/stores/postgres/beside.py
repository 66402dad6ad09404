"""A campaign's recipients written beside the transaction that writes all the rest of it.

One process of Postgres writes for one transaction, so two of them write a large campaign. The one
with the recipients commits first: until the other one does too, they belong to a campaign that
nobody can find, and `loose_recipients` names it. What stays loose, as the other transaction failed
or its process died in between, is swept by night (see docs/adr/0023).
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

from sender_app.stores.postgres.engine import Cursor, Database

# The other commit is waited for, and the disk has nothing that has not what came before it. Who
# alters the table may wait for one transaction while the other one waits for him, and Postgres does
# not know that the two belong together.
_BEGIN = "SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = '30s'"
_NOTE = "INSERT INTO loose_recipients (campaign_id) VALUES (%s)"
_JOIN = "DELETE FROM loose_recipients WHERE campaign_id = %s"
_WAITING = 2  # statements whose values are kept in memory, beside the one that runs


class Beside:
    """The transaction with the recipients. It begins with its first statement; a thread runs them
    in their order."""

    def __init__(self, database: Database, campaign_id: UUID, worker: ThreadPoolExecutor) -> None:
        self._database = database
        self._campaign_id = campaign_id
        self._worker = worker
        self._begun: deque[Future[None]] = deque()
        self._cursor: Cursor | None = None
        self._open = ExitStack()

    def execute(self, statement: str, values: dict[str, Any]) -> None:
        """Have the statement run. Raises what an earlier one raised."""
        self._wait(_WAITING)
        self._begun.append(self._worker.submit(self._run, statement, values))

    def join(self, cursor: Cursor) -> None:
        """What was committed belongs to the campaign that the transaction of `cursor` writes: once
        that commits too, it is loose no more."""
        if self._cursor is None:
            return
        if cursor.execute(_JOIN, (self._campaign_id,)).rowcount != 1:
            raise RuntimeError("the recipients were swept before their campaign was there")

    def commit(self) -> None:
        """Once everything has run. Raises what a statement raised."""
        self._wait(0)
        self._worker.submit(self._open.close).result()

    def roll_back(self, error: BaseException) -> None:
        """Once the statement under way has run."""
        for one in self._begun:
            one.cancel()
        self._worker.submit(self._open.__exit__, type(error), error, None).result()

    def _wait(self, left: int) -> None:
        while len(self._begun) > left:
            self._begun.popleft().result()

    def _run(self, statement: str, values: dict[str, Any]) -> None:
        if self._cursor is None:
            self._cursor = self._open.enter_context(self._database.transaction(beside=True))
            self._cursor.execute(_BEGIN)
            self._cursor.execute(_NOTE, (self._campaign_id,))
        self._cursor.execute(statement, values)


@contextmanager
def beside(database: Database, campaign_id: UUID) -> Iterator[Beside]:
    """Committed at the end, rolled back on any error; then `join` it."""
    with ThreadPoolExecutor(1, "recipients") as worker:
        one = Beside(database, campaign_id, worker)
        try:
            yield one
            one.commit()
        except BaseException as error:
            one.roll_back(error)
            raise
