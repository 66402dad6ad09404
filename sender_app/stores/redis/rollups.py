"""Events, counters and rollups: what follows when the statuses of recipients move.

Tallies of messages, whose fields end in "sent|group" or "errors|group" (a group's name may have any
letters): `daily` by day and account, `hourly`, and `by_month`. Contacts are ranked by what was sent
to them in a month or a year, by one account or by all.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sender_app.domain.delivery import RecipientStatus
from sender_app.stores.redis.campaign_rows import count
from sender_app.stores.redis.contact_rows import contacts
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.keys import WORKSPACES, of
from sender_app.stores.redis.outbox import Told, tell_moved
from sender_app.stores.redis.recipient_rows import messages
from sender_app.stores.redis.rows import Row, at, compact, new_key

EVENTS = "metrics:events"  # index of the installation: "key.message:workspace"
EVERY_ACCOUNT = "all"  # the account of rankings that count all accounts together
_COUNTED = ("sent", "error", "skipped", "unconfirmed")


@dataclass(frozen=True, slots=True)
class Moved:
    """The status of a recipient is another than it `was`."""

    recipient_id: str
    contact_id: str | None
    phone: str
    status: str
    was: str
    at: str
    message_id: str | None
    error_code: str | None
    account_id: str | None  # whose message it is, if it is one's
    first: bool = False  # whether this is the event that tells of the message

    @classmethod
    def to(cls, row: Row, was: str, at: str, *, first: bool = False) -> "Moved":
        """A recipient came to what the row says."""
        return cls(
            recipient_id=row["id"],
            contact_id=row["contact_id"],
            phone=row["phone"],
            status=row["status"],
            was=was,
            at=at,
            message_id=row["message_id"],
            error_code=row["error_code"],
            account_id=row["account_id"],
            first=first,
        )

    @property
    def sent(self) -> int:
        """By how much the messages sent are more."""
        return _is(self.status, RecipientStatus.SENT) - _is(self.was, RecipientStatus.SENT)

    @property
    def errors(self) -> int:
        """By how much the failures are more."""
        return _is(self.status, RecipientStatus.ERROR) - _is(self.was, RecipientStatus.ERROR)


def daily(workspace: UUID | str, month: str) -> str:
    """The tally of a month (`2026-11`): "2026-11-29|account|sent|group"."""
    return of(workspace, "metrics", "daily", month)


def hourly(workspace: UUID | str, day: str) -> str:
    """The tally of a day on the clocks of the workspace: "2026-11-29T09|account|sent|group"."""
    return of(workspace, "metrics", "hourly", day)


def by_month(workspace: UUID | str, year: str) -> str:
    """The tally of a year: "2026-11|account|sent|group"."""
    return of(workspace, "metrics", "groups", year)


def monthly(workspace: UUID | str) -> str:
    """The tally of months by the person whose campaign it was: "2026-11|sent|user"."""
    return of(workspace, "metrics", "monthly")


def days(workspace: UUID | str) -> str:
    """The index of days on which each account sent: "account|2026-11-29"."""
    return of(workspace, "metrics", "days")


def ranking(workspace: UUID | str, period: str, account: UUID | str) -> str:
    """The index of contacts by the messages sent to them in a month or year, as negative numbers:
    whoever got the most comes first."""
    return of(workspace, "metrics", "tops", period, account)


def failures(workspace: UUID | str, period: str, account: UUID | str) -> str:
    """The tally of failures by contact that goes with a ranking."""
    return of(workspace, "metrics", "tops", period, account, "errors")


def follow(tx: Transaction, workspace: UUID | str, campaign: Row, moved: Sequence[Moved]) -> None:
    """Recipients of a campaign moved: note events, count, and tell endpoints of it. Looks at
    nothing that the sending changes."""
    if not moved:
        return
    for one in moved:
        if one.status != RecipientStatus.QUEUED:
            note_event(tx, workspace, one.message_id if one.first else None)
    count(tx, workspace, campaign["id"], **_counters(moved))
    if counted := [one for one in moved if one.sent or one.errors]:
        _tally(tx, workspace, campaign, counted)
    tell_moved(tx, workspace, campaign, ((one.status, _told(one)) for one in moved))


def note_event(tx: Transaction, workspace: UUID | str, message_id: str | None = None) -> None:
    """Something happened. The ledger says what; an event is kept so that messages are forgotten in
    time."""
    tx.add(EVENTS, f"{new_key()}.{message_id or ''}:{workspace}")


def drop_events(tx: Transaction, workspace: str, keys: list[str], most: int) -> int:
    """Forget events, and with them whose their messages were; returns how many."""
    gone = keys[:most]
    ids = [message for key in gone if (message := key.partition(".")[2])]
    found = zip(ids, tx.aside().rows(messages(workspace), ids), strict=True)
    # A part is known as long as its recipient.
    tx.remove(messages(workspace), *(key for key, row in found if row and row["part"] is None))
    tx.take_out(EVENTS, *(f"{key}:{workspace}" for key in gone))
    return len(gone)


def hand_counts(
    tx: Transaction, workspace: UUID | str, contact_ids: Iterable[object], kept: object | None
) -> None:
    """Contacts are gone; what was counted for them counts for the contact that was `kept`."""
    ids = [str(contact_id) for contact_id in contact_ids]
    for name in tx.names(_rankings(workspace)):
        period, account = name.split("|")
        index, wrong = ranking(workspace, period, account), failures(workspace, period, account)
        scores = dict(zip(ids, tx.scores(index, ids), strict=True))
        found = {key: score for key, score in scores.items() if score is not None}
        if not found:
            continue
        if kept is not None:
            tx.climb(index, kept, sum(found.values()))
            tx.bump(wrong, kept, sum(tx.some(wrong, list(found))))
        tx.take_out(index, *found)
        tx.remove(wrong, *found)


def counts_of(tx: Transaction, workspace: UUID | str, contact_ids: Sequence[str]) -> list[Row]:
    """What was counted for contacts, as rows for `add_counts`."""
    kept: list[Row] = []
    for name in tx.names(_rankings(workspace)):
        period, account = name.split("|")
        scores = tx.scores(ranking(workspace, period, account), contact_ids)
        wrong = tx.some(failures(workspace, period, account), contact_ids)
        kept += [
            {"contact": one, "period": period, "account": account, "score": score, "errors": errors}
            for one, score, errors in zip(contact_ids, scores, wrong, strict=True)
            if score is not None
        ]
    return kept


def add_counts(tx: Transaction, workspace: UUID | str, rows: Sequence[Row]) -> None:
    """Contacts are there again; what was counted for them counts beside what came since."""
    for row in rows:
        tx.add(_rankings(workspace), f"{row['period']}|{row['account']}")
        of_all = workspace, row["period"], row["account"]
        tx.climb(ranking(*of_all), row["contact"], row["score"])
        tx.bump(failures(*of_all), row["contact"], row["errors"])


def _counters(moved: Sequence[Moved]) -> dict[str, int]:
    return {
        name: sum(_is(one.status, name) - _is(one.was, name) for one in moved) for name in _COUNTED
    }


def _tally(tx: Transaction, workspace: UUID | str, campaign: Row, moved: Sequence[Moved]) -> None:
    aside = tx.aside()
    place = aside.row(WORKSPACES, workspace)
    zone = ZoneInfo(place["time_zone"] if place else "UTC")
    people = aside.rows(contacts(workspace), [one.contact_id or "" for one in moved])
    groups = {row["id"]: row["grupo"] for row in compact(people)}
    sums, tops = Counter[tuple[str, str]](), Counter[tuple[str, str, str]]()
    for one in moved:
        local = at(one.at).astimezone(zone)
        account = one.account_id or campaign["account_id"]
        group = groups.get(one.contact_id or "", "")
        for what, n in (("sent", one.sent), ("errors", one.errors)):
            if n:
                _add(sums, workspace, local, account, f"{what}|{group}", n)
                sums[monthly(workspace), f"{local:%Y-%m}|{what}|{campaign['user_id']}"] += n
        if one.contact_id:
            for period, whose in _periods(local, account):
                tops[period, whose, one.contact_id] += one.sent
                sums[failures(workspace, period, whose), one.contact_id] += one.errors
        tx.add(days(workspace), f"{account}|{local:%Y-%m-%d}")
    for (tally, field), n in sums.items():
        tx.bump(tally, field, n)
    for (period, whose, contact_id), n in tops.items():
        tx.add(_rankings(workspace), f"{period}|{whose}")
        tx.climb(ranking(workspace, period, whose), contact_id, -n)


def _add(
    sums: Counter[tuple[str, str]],
    workspace: UUID | str,
    local: datetime,
    account: str,
    what: str,
    n: int,
) -> None:
    sums[daily(workspace, f"{local:%Y-%m}"), f"{local:%Y-%m-%d}|{account}|{what}"] += n
    sums[hourly(workspace, f"{local:%Y-%m-%d}"), f"{local:%Y-%m-%dT%H}|{account}|{what}"] += n
    sums[by_month(workspace, f"{local:%Y}"), f"{local:%Y-%m}|{account}|{what}"] += n


def _periods(local: datetime, account: str) -> list[tuple[str, str]]:
    month, year = f"{local:%Y-%m}", f"{local:%Y}"
    return [(period, whose) for period in (month, year) for whose in (account, EVERY_ACCOUNT)]


def _told(one: Moved) -> Told:
    return Told(
        recipient_id=one.recipient_id,
        contact_id=one.contact_id,
        phone=one.phone,
        message_id=one.message_id,
        error_code=one.error_code,
        at=one.at,
    )


def _is(status: str, name: str) -> int:
    return int(status == name)


def _rankings(workspace: UUID | str) -> str:
    """The index of rankings that there are: "period|account"."""
    return of(workspace, "metrics", "rankings")
