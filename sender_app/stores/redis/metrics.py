"""Dashboard reads in Redis, from rollups only: their cost does not grow with the events."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from sender_app.domain.reporting import EVERYTHING, Only, Span, Step
from sender_app.ports.store.metrics import Tally
from sender_app.stores.redis.contact_index import members, parts_of
from sender_app.stores.redis.contact_rows import contacts, group_names
from sender_app.stores.redis.engine import RedisDatabase
from sender_app.stores.redis.rollups import (
    EVERY_ACCOUNT,
    by_month,
    daily,
    days,
    failures,
    hourly,
    monthly,
    ranking,
)
from sender_app.stores.redis.rows import Row
from sender_app.stores.redis.view import View

_STEP = 500  # contacts of a ranking looked at in one go

_Line = tuple[str, str, str, str, int]  # an hour, day or month, an account, what, a group, how many


class RedisMetrics:
    """See ports.store.metrics.MetricsStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def timeline(self, workspace_id: UUID, span: Span, only: Only = EVERYTHING) -> Sequence[Tally]:
        lines = _lines(self._database.view(), workspace_id, span.step, span, only)
        return sorted(_sums((key, what, n) for key, _, what, _, n in lines), key=lambda t: t.key)

    def total(self, workspace_id: UUID, span: Span, only: Only = EVERYTHING) -> Tally:
        lines = _lines(self._database.view(), workspace_id, Step.DAY, span, only)
        return _total((what, n) for _, _, what, _, n in lines)

    def by_group(self, workspace_id: UUID, span: Span, only: Only = EVERYTHING) -> Sequence[Tally]:
        step = Step.MONTH if span.step is Step.MONTH else Step.DAY
        lines = _lines(self._database.view(), workspace_id, step, span, only)
        found = _sums(((group, what, n) for _, _, what, group, n in lines), labelled=True)
        return sorted(found, key=lambda tally: (-tally.sent, tally.key))

    def by_contact(
        self, workspace_id: UUID, period: str, limit: int, only: Only = EVERYTHING
    ) -> Sequence[Tally]:
        view, account = self._database.view(), only.account_id or EVERY_ACCOUNT
        index = ranking(workspace_id, period, account)
        found: list[tuple[Row, int]] = []
        for names in _ranked(view, workspace_id, index, only.group):
            rows = view.rows(contacts(workspace_id), [name for name, _ in names])
            for row, (_, score) in zip(rows, names, strict=True):
                if row is not None and only.group in (None, row["grupo"]):
                    found.append((row, -int(score)))
            if len(found) >= limit:
                break
        top = found[:limit]
        wrong = view.some(failures(workspace_id, period, account), [row["id"] for row, _ in top])
        return [
            Tally(row["phone"], sent, errors, row["nombre"])
            for (row, sent), errors in zip(top, wrong, strict=True)
        ]

    def by_account(self, workspace_id: UUID, day: date) -> Mapping[UUID, tuple[int, date]]:
        return by_account(self._database.view(), workspace_id, day)

    def month(self, workspace_id: UUID, month: str) -> Tally:
        numbers = self._database.view().numbers(monthly(workspace_id))
        fields = ((field.split("|", 2), n) for field, n in numbers.items())
        return _total((what, n) for (key, what, _), n in fields if key == month)


def by_account(view: View, workspace: UUID | str, day: date) -> dict[UUID, tuple[int, date]]:
    """Of each account that ever sent: how much on `day`, and the first day of all."""
    sent: defaultdict[str, int] = defaultdict(int)
    for _, account, what, _, n in _lines(view, workspace, Step.DAY, Span(day, day), EVERYTHING):
        sent[account] += n if what == "sent" else 0
    first: dict[str, str] = {}
    for name in view.names(days(workspace)):
        account, text = name.split("|")
        first.setdefault(account, text)
    return {
        UUID(account): (sent[account], date.fromisoformat(text)) for account, text in first.items()
    }


def _lines(
    view: View, workspace: UUID | str, step: Step, span: Span, only: Only
) -> Iterator[_Line]:
    """What the rollups of a step have of a span."""
    every = (span.start + timedelta(days=n) for n in range(span.days))
    match step:
        case Step.HOUR:
            tallies = dict.fromkeys(hourly(workspace, str(day)) for day in every)
            first, last = f"{span.start}T00", f"{span.end}T23"
        case Step.DAY:
            tallies = dict.fromkeys(daily(workspace, f"{day:%Y-%m}") for day in every)
            first, last = str(span.start), str(span.end)
        case Step.MONTH:
            tallies = dict.fromkeys(by_month(workspace, f"{day:%Y}") for day in every)
            first, last = f"{span.start:%Y-%m}", f"{span.end:%Y-%m}"
    wanted = only.account_id and str(only.account_id)
    for numbers in view.numbers_of(list(tallies)):
        for field, n in numbers.items():
            key, account, what, group = field.split("|", 3)
            if first <= key <= last and wanted in (None, account) and only.group in (None, group):
                yield key, account, what, group, n


def _sums(lines: Iterable[tuple[str, str, int]], *, labelled: bool = False) -> list[Tally]:
    """One tally for each key, without the empty ones."""
    sums: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for key, what, n in lines:
        sums[key].append((what, n))
    found = [_total(some, key, key if labelled else "") for key, some in sums.items()]
    return [tally for tally in found if tally.sent or tally.errors]


def _total(lines: Iterable[tuple[str, int]], key: str = "", label: str = "") -> Tally:
    sums = {"sent": 0, "errors": 0}
    for what, n in lines:
        sums[what] += n
    return Tally(key, sums["sent"], sums["errors"], label)


def _ranked(
    view: View, workspace: UUID, index: str, group: str | None
) -> Iterator[list[tuple[str, float]]]:
    """Contacts of a ranking with their scores, the first ones first; of a group its own."""
    if group:
        yield _ranked_members(view, workspace, index, group)
        return
    for start in range(0, view.size(index), _STEP):
        yield view.slice(index, start, _STEP)


def _ranked_members(view: View, workspace: UUID, index: str, group: str) -> list[tuple[str, float]]:
    known = view.row(group_names(workspace), group)
    if known is None:
        return []
    names = view.names(members(workspace, known["id"]))
    ids = [parts_of(name)[1] for name in names]
    scores = zip(ids, view.scores(index, ids), strict=True)
    found = [(key, score) for key, score in scores if score is not None]
    return sorted(found, key=lambda one: (one[1], one[0]))
