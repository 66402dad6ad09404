"""Delivery journals in Postgres: outcomes are recorded at once, rollups follow now and then.

A journal is one stream of records under one lease. Its row exists while it is open, every record
holds it, and the successor of a lease folds and removes what was left open: no outcome is lost to
the rollups or counted twice, whatever moment a process ends at.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from itertools import groupby
from operator import attrgetter, itemgetter
from uuid import UUID

import orjson
from psycopg.errors import ForeignKeyViolation
from psycopg.rows import namedtuple_row

from sender_app.domain.delivery import Lease, Outcome, RecipientStatus
from sender_app.domain.errors import LeaseLost
from sender_app.stores.postgres.arrays import doubles, texts, uuids
from sender_app.stores.postgres.engine import KEYS, Cursor, Database, numbered
from sender_app.stores.postgres.parts import NOTE_PARTS, certain, dumped
from sender_app.stores.postgres.rollups import fold
from sender_app.stores.postgres.statements import Statements

_LAST = UUID(int=2**128 - 1)  # above every key
_QUARTER = 900  # seconds; the hours of every time zone begin with one
_OPEN = """
INSERT INTO delivery_journals (account_id, epoch)
SELECT account_id, epoch FROM leases
WHERE account_id = %(account)s AND epoch = %(epoch)s AND expires_at > now() FOR SHARE
RETURNING id
"""
# What nearly every outcome is: a message that WhatsApp took. Many are noted in one row, for the
# sender waits for that; recipients and events follow when it is folded. The foreign key holds the
# journal until the commit.
_NOTE = """
INSERT INTO delivery_records (journal_id, entry, campaign_id, recipient_ids, contact_ids,
  message_ids, sent_ats, grupos)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
# Any outcome. One value for all of them: it is much cheaper to hand over than an array for every
# column. Both columns of a recipient's key come from one table, or a plan made before Postgres has
# statistics of a new campaign walks all of it for each outcome.
_SETTLE = f"""
WITH {KEYS}, journal AS MATERIALIZED (
  SELECT id FROM delivery_journals WHERE id = $1::bigint FOR SHARE),
told AS MATERIALIZED (
  SELECT o.*, c.status AS campaign_status, c.workspace_id, c.user_id
  FROM jsonb_to_recordset($4::jsonb) AS o(n int, id uuid, campaign uuid, status text,
    at timestamptz, message_id text, error_code text, error_message text, not_before timestamptz)
  JOIN campaigns c ON c.id = o.campaign),
changed AS (
  UPDATE campaign_recipients r SET
    status = CASE WHEN o.status = 'queued' AND o.campaign_status = 'cancelled' THEN 'skipped'
      ELSE o.status END,
    message_id = o.message_id, error_code = o.error_code, error_message = o.error_message,
    attempts = r.attempts - (o.status = 'queued' AND o.error_code IS NULL)::int,
    not_before = o.not_before, sent_at = CASE WHEN o.status = 'sent' THEN o.at END
  FROM journal, told o
  WHERE r.campaign_id = o.campaign AND r.id = o.id
    AND r.status = 'sending' AND r.lease_epoch = $3::bigint
  RETURNING r.id, r.campaign_id, r.contact_id, r.status, o.at, r.message_id, r.error_code,
    o.workspace_id, o.user_id, o.n),
events AS (
  INSERT INTO metric_events (id, workspace_id, user_id, campaign_id, contact_id, event_type,
    metadata, created_at, recipient_id, message_id, journal_id, entry)
  SELECT {numbered("n")}, workspace_id, user_id, campaign_id, contact_id, status,
    CASE WHEN error_code IS NOT NULL THEN jsonb_build_object('code', error_code) END,
    at, id, message_id, $1, $2::int
  FROM changed, keys WHERE status <> 'queued')
SELECT (SELECT count(*) FROM journal), {numbered("0")} FROM keys
"""
_FOLD = f"""
WITH journal AS (
  UPDATE delivery_journals SET folded_entry = %(entry)s, folded_at = now()
  WHERE id = %(journal)s AND folded_entry < %(entry)s
  RETURNING id, account_id, epoch, old.folded_entry AS first, new.folded_entry AS last),
{fold("%(since)s")}
SELECT 1
"""
_CLOSE = "DELETE FROM delivery_journals WHERE id = %s"
# Waits for whoever is recording, so that the next statement sees what they wrote.
_HOLD_OPEN = """
SELECT id FROM delivery_journals WHERE account_id = %(account)s AND epoch < %(epoch)s
ORDER BY id FOR UPDATE
"""
# None of them was written before `folded_at`; a minute for clocks that were set back since.
_SINCE = "(SELECT uuidv7(min(since) - clock_timestamp() - interval '1 minute') FROM journal)"
_TAKE_IN = f"""
WITH journal AS (
  DELETE FROM delivery_journals WHERE account_id = %(account)s AND epoch < %(epoch)s
  RETURNING id, account_id, epoch, folded_entry AS first, 2147483647 AS last, folded_at AS since),
{fold(_SINCE)}
SELECT 1
"""


class PostgresJournal:
    """See ports.store.journals.Journal. Keeps a connection of its own until it is closed."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self._lease = lease
        self._held = ExitStack()
        self._connection = self._held.enter_context(database.own())
        self._cursor = self._connection.cursor(row_factory=namedtuple_row)
        scope = {"account": lease.account_id, "epoch": lease.epoch}
        opened = self._cursor.execute(_OPEN, scope).fetchone()
        if opened is None:
            self._held.close()
            raise LeaseLost(f"epoch {lease.epoch} of account {lease.account_id} is over")
        self._records = Statements(self._connection, {"note": _NOTE, "settle": _SETTLE})
        self._id: int = opened.id
        self._entry = 0
        self._folded = 0
        self._since: UUID | None = None  # below the first event that is not folded

    def settle(self, outcomes: Sequence[Outcome], *, fold: bool) -> None:
        sent, others = _by_note(outcomes)
        if len(sent) == 1 and not others and not fold:
            self._note(*sent)
            self.finish()
            return
        with self._connection.transaction():
            for messages in sent:
                self._note(messages)
                self.finish()
            if others:
                self._settle(others)
            if fold:
                self._fold()

    def begin(self, outcomes: Sequence[Outcome]) -> None:
        sent, others = _by_note(outcomes)
        if len(sent) == 1 and not others:
            self._note(*sent)
        else:
            self.settle(outcomes, fold=False)

    def finish(self) -> None:
        if self._records.under_way:
            try:
                self._records.take()
            except ForeignKeyViolation as error:
                raise self._closed() from error

    def close(self) -> None:
        with self._held, self._connection.transaction():
            self._fold()
            self._cursor.execute(_CLOSE, (self._id,))

    def _note(self, sent: Sequence[Outcome]) -> None:
        """Begin to record messages of one campaign that WhatsApp took."""
        self._entry += 1
        claims = [outcome.claim for outcome in sent]
        self._records.send(
            "note",
            self._id,
            self._entry,
            claims[0].campaign_id,
            uuids([claim.recipient_id for claim in claims]),
            uuids([claim.contact_id for claim in claims]),
            texts([outcome.message_id for outcome in sent]),
            doubles([outcome.at.timestamp() for outcome in sent]),
            texts([claim.fields.get("grupo", "") for claim in claims]),
        )

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        """Record any outcomes, with their recipients and events."""
        parts = [(o.claim, part) for o in outcomes for part in o.parts]
        if parts:
            scope = {"journal": self._id, "epoch": self._lease.epoch}
            self._cursor.execute(NOTE_PARTS, scope | {"parts": dumped(parts)})
            outcomes = _without_old_doubts(self._cursor, outcomes)
        rows = [_row(n, outcome) for n, outcome in enumerate(outcomes)]
        self._entry += 1
        values = (self._id, self._entry, self._lease.epoch, orjson.dumps(rows).decode())
        self._records.send("settle", *values)
        is_open, first = self._records.take()
        if is_open == "0":
            raise self._closed()
        self._since = self._since or UUID(first)

    def _closed(self) -> LeaseLost:
        return LeaseLost(f"journal {self._id} of account {self._lease.account_id} was closed")

    def _fold(self) -> None:
        """Have recipients, events and counters follow what was recorded."""
        if self._folded < self._entry:
            self._cursor.execute(
                _FOLD,
                {"journal": self._id, "entry": self._entry, "since": self._since or _LAST},
                prepare=True,  # planning it takes as long as counting two hundred messages
            )
            self._folded, self._since = self._entry, None


def take_in(cursor: Cursor, lease: Lease) -> None:
    """Fold what earlier leases of the account recorded and did not fold, and end their journals."""
    scope = {"account": lease.account_id, "epoch": lease.epoch}
    cursor.execute(_HOLD_OPEN, scope)
    cursor.execute(_TAKE_IN, scope)


def _without_old_doubts(cursor: Cursor, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """A receipt may have come since the claim for a part that was in doubt then."""
    doubted = {
        o.claim.recipient_id
        for o in outcomes
        if o.parts and o.status is RecipientStatus.UNCONFIRMED
    }
    sure = certain(cursor, list(doubted)) if doubted else frozenset()
    return [
        o._replace(status=RecipientStatus.SENT, error_code=None, error_message=None)
        if o.claim.recipient_id in sure
        else o
        for o in outcomes
    ]


def _by_note(
    outcomes: Sequence[Outcome],
) -> tuple[Sequence[Sequence[Outcome]], Sequence[Outcome]]:
    """Messages that WhatsApp took, one a person, as they can be noted; and the other outcomes."""
    took: list[Outcome] = []
    others: list[Outcome] = []
    for outcome in outcomes:
        is_noted = outcome.status is RecipientStatus.SENT and not outcome.parts
        (took if is_noted else others).append(outcome)
    sent: dict[UUID, list[Outcome]] = {}
    for campaign_id, some in groupby(took, attrgetter("claim.campaign_id")):
        sent.setdefault(campaign_id, []).extend(some)
    return [note for messages in sent.values() for note in _by_quarter(messages)], others


def _by_quarter(messages: Sequence[Outcome]) -> Sequence[Sequence[Outcome]]:
    """Parts of which each lies in one hour and one month, whatever the workspace's time zone."""
    quarters = [message.at.timestamp() // _QUARTER for message in messages]
    if min(quarters) == max(quarters):
        return [messages]
    parts = groupby(zip(quarters, messages, strict=True), itemgetter(0))
    return [[message for _, message in part] for _, part in parts]


def _row(n: int, outcome: Outcome) -> dict[str, object]:
    row: dict[str, object] = {
        "n": n,
        "id": outcome.claim.recipient_id,
        "campaign": outcome.claim.campaign_id,
        "status": outcome.status,
        "at": outcome.at,
    }
    if outcome.message_id is not None:
        row["message_id"] = outcome.message_id
    if outcome.error_code is not None:
        row["error_code"], row["error_message"] = outcome.error_code, outcome.error_message
    if outcome.not_before is not None:
        row["not_before"] = outcome.not_before
    return row
