"""The SQLite file that the library works on, and what changed in it.

The library has a copy of SQLite of its own, and two copies must not open a file in one process:
this one runs in a process beside it.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

Value = str | int | float | bytes | None
Cells = tuple[Value, ...]

SECRETS = "whatsmeow_message_secrets"
_OPTIONS = "_foreign_keys=on&_journal_mode=WAL&_synchronous=OFF&_busy_timeout=10000&z="
_BUSY = 10.0  # seconds that the library's writes are waited for
_PRUNE = 1000  # changes seen, after which they are deleted
_CHANGES = """
CREATE TABLE IF NOT EXISTS sender_changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, tab TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the library's: how it is made, its columns, and which of them tell rows apart."""

    name: str
    sql: tuple[str, ...]  # of the table, then of its indexes
    columns: tuple[str, ...]
    key: tuple[str, ...]  # empty: only the row's number does


@dataclass(slots=True)
class Changes:
    """Rows as they are now, by table and name, and names of those that are gone."""

    rows: dict[tuple[str, str], Cells] = field(default_factory=dict)
    gone: set[tuple[str, str]] = field(default_factory=set)
    last: int = 0  # the newest change among them


class DeviceFile:
    """One account's devices while it is served."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "devices.db"
        self.dsn = f"{self._path}?{_OPTIONS}"
        self._database = sqlite3.connect(
            self._path, timeout=_BUSY, isolation_level=None, check_same_thread=False
        )
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = OFF")  # Redis is what lasts
        self._tables: dict[str, Table] = {}
        self._seen = 0
        self._pruned = 0

    def fill(self, tables: Iterable[Table], rows: Mapping[str, Iterable[Cells]]) -> None:
        """Make `tables` with what they had; the file is new."""
        run = self._database.execute
        run("BEGIN")
        for table in tables:
            for statement in table.sql:
                run(statement)
            marks = ", ".join("?" * len(table.columns))
            names = ", ".join(map(_quoted, table.columns))
            insert = f"INSERT OR REPLACE INTO {_quoted(table.name)} ({names}) VALUES ({marks})"  # noqa: S608
            self._database.executemany(insert, rows.get(table.name, ()))
        run("COMMIT")

    def watch(self) -> list[Table]:
        """Note changes from now on; returns the tables as the library has them."""
        run = self._database.execute
        run("BEGIN IMMEDIATE")
        run(_CHANGES)
        self._tables = {table.name: table for table in self._found()}
        for table in self._tables.values():
            for statement in _triggers(table):
                run(statement)
        run("COMMIT")
        return list(self._tables.values())

    def everything(self) -> Changes:
        """Every row of the watched tables but message secrets."""
        run = self._database.execute
        run("BEGIN")
        (last,) = run("SELECT coalesce(max(seq), 0) FROM sender_changes").fetchone()
        found = Changes(last=last)
        for table in self._tables.values():
            if table.name != SECRETS:
                for name, *cells in run(_select(table)):
                    found.rows[table.name, name] = tuple(cells)
        run("COMMIT")
        return found

    def changes(self) -> Changes | None:
        """What changed and was not told of by `kept`; None when nothing did."""
        run = self._database.execute
        run("BEGIN")
        try:
            noted = run(
                "SELECT tab, name, at, seq FROM sender_changes WHERE seq > ? ORDER BY seq",
                (self._seen,),
            ).fetchall()
            if not noted:
                return None
            found = Changes(last=noted[-1][3])
            for (tab, name), at in {(tab, name): at for tab, name, at, _ in noted}.items():
                cells = self._row(self._tables[tab], name, at)
                if cells is None:
                    found.gone.add((tab, name))
                else:
                    found.rows[tab, name] = cells
            return found
        finally:
            run("COMMIT")

    def kept(self, changes: Changes) -> None:
        """Do not tell of these any more."""
        self._seen = max(self._seen, changes.last)
        if self._seen - self._pruned >= _PRUNE:
            with suppress(sqlite3.OperationalError):  # the library writes all the time
                self._database.execute("DELETE FROM sender_changes WHERE seq <= ?", (self._seen,))
                self._pruned = self._seen

    def columns(self, table: str, *names: str) -> list[int]:
        """Where the cells of a table have these columns."""
        return [self._tables[table].columns.index(name) for name in names]

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _row(self, table: Table, name: str, at: int) -> Cells | None:
        """A row by its number, if it still is the one of that name."""
        row = self._database.execute(f"{_select(table)} WHERE rowid = ?", (at,)).fetchone()
        return tuple(row[1:]) if row is not None and row[0] == name else None

    def _found(self) -> list[Table]:
        run = self._database.execute
        made: dict[str, list[str]] = {}
        for tab, sql in run(
            "SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'trigger'"
            " AND tbl_name LIKE 'whatsmeow\\_%' ESCAPE '\\' ORDER BY type DESC, rowid"
        ):
            made.setdefault(tab, []).append(sql)
        tables = []
        for name, statements in made.items():
            info = run("SELECT name, pk FROM pragma_table_info(?)", (name,)).fetchall()
            key = sorted((pk, column) for column, pk in info if pk)
            tables.append(
                Table(
                    name,
                    tuple(statements),
                    tuple(column for column, _ in info),
                    tuple(column for _, column in key),
                )
            )
        return tables


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _name(table: Table, row: str = "") -> str:
    """An expression for what tells a row apart; of NEW or OLD, or of the row at hand."""
    columns = [_quoted(column) for column in table.key] or ["rowid"]
    return " || ',' || ".join(f"quote({row}{column})" for column in columns)


def _select(table: Table) -> str:
    columns = ", ".join(_quoted(column) for column in table.columns)
    return f"SELECT {_name(table)}, {columns} FROM {_quoted(table.name)}"  # noqa: S608


def _triggers(table: Table) -> Sequence[str]:
    """Statements that have every change of a table noted, whoever makes it."""
    literal = "'" + table.name.replace("'", "''") + "'"
    whats = {"INSERT": ["NEW."], "UPDATE": ["OLD.", "NEW."], "DELETE": ["OLD."]}
    return [
        f"CREATE TRIGGER IF NOT EXISTS {_quoted(f'sender_{what.lower()}_{table.name}')} "
        f"AFTER {what} ON {_quoted(table.name)} BEGIN "
        + " ".join(
            f"INSERT INTO sender_changes (tab, name, at) "  # noqa: S608
            f"VALUES ({literal}, {_name(table, row)}, {row}rowid);"
            for row in rows
        )
        + " END"
        for what, rows in whats.items()
    ]
