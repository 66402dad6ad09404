"""Prepared statements that are sent now and whose results are taken later, by libpq alone."""

import select
from collections.abc import Mapping

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGresult

_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


class Statements:
    """Statements of one connection, at most one of them under way.

    psycopg's cursors wait for what they execute, and take longer to hand over a statement than
    Postgres to plan it. Parameters are `$1`, `$2` …, of a type that the statement makes plain;
    bytes are a value's binary form, and anything else is written as text. Not thread-safe.
    """

    def __init__(self, connection: psycopg.Connection, statements: Mapping[str, str]) -> None:
        """`statements` by name. Nothing else uses the connection while one of them is under way."""
        self._libpq = connection.pgconn
        self._socket = select.poll()
        self.under_way = False
        for name, sql in statements.items():
            self._libpq.send_prepare(name.encode(), sql.encode())
            self._result()

    def send(self, name: str, *values: object) -> None:
        """Send a statement to the server, and don't wait for it."""
        binary = [isinstance(value, bytes) for value in values]
        written = [v if isinstance(v, bytes) else str(v).encode() for v in values]
        self._libpq.send_query_prepared(name.encode(), written, binary)
        self.under_way = True

    def take(self) -> list[str]:
        """Wait for the statement under way; the values of its one row, if it gives any. Raises
        psycopg.Error."""
        result = self._result()
        return [(result.get_value(0, n) or b"").decode() for n in range(result.nfields)]

    def _result(self) -> PGresult:
        self.under_way = False
        libpq = self._libpq
        while (unsent := libpq.flush()) or libpq.is_busy():  # a large statement is sent by and by
            self._socket.register(libpq.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
            self._socket.poll()
            libpq.consume_input()
        result = libpq.get_result()
        if result is None:
            raise psycopg.OperationalError("the server has sent no result")
        while libpq.get_result() is not None:  # the end of the results
            pass
        if result.status not in _DONE:
            raise psycopg.errors.error_from_result(result)
        return result
