"""WhatsApp accounts in Postgres."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from sender_app.domain.account import TROUBLES, Account, AccountStatus
from sender_app.domain.errors import NotFound
from sender_app.stores.postgres.engine import Database
from sender_app.stores.postgres.tables.accounts import AccountRow

# `wake_at` says when an account has something to do. Whoever makes work sets it to now; the
# process that serves the account sets it to the next due time when it goes. A process that dies
# leaves it in the past, so the account is served again.
_TO_SERVE = """
SELECT a.id FROM accounts a WHERE a.wake_at <= %(now)s
AND NOT EXISTS (SELECT FROM leases l WHERE l.account_id = a.id AND l.expires_at > now())
ORDER BY a.wake_at
"""
WAKE = "UPDATE accounts SET wake_at = clock_timestamp() WHERE id = %s"
WAKE_ALL = "UPDATE accounts SET wake_at = clock_timestamp() WHERE id = ANY(%s)"
# Campaigns that the account sends, alone or with others.
SERVED = """(
  SELECT * FROM campaigns WHERE account_id = %(account)s
  UNION ALL
  SELECT k.* FROM accounts a JOIN campaigns k ON k.workspace_id = a.workspace_id
  WHERE a.id = %(account)s AND k.more_accounts <> '{}' AND a.id = ANY(k.more_accounts))"""


class PostgresAccounts:
    """See ports.store.accounts.AccountStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, workspace_id: UUID) -> list[Account]:
        query = (
            select(AccountRow)
            .where(AccountRow.workspace_id == workspace_id)
            .order_by(col(AccountRow.id))
        )
        with self._database.session() as session:
            return [_account(row) for row in session.exec(query)]

    def create(self, workspace_id: UUID, user_id: str, label: str) -> Account:
        with self._database.session() as session:
            row = AccountRow(workspace_id=workspace_id, user_id=user_id, label=label)
            session.add(row)
            session.flush()
            session.refresh(row)
            return _account(row)

    def rename(self, account_id: UUID, label: str) -> None:
        with self._database.transaction() as cursor:
            cursor.execute("UPDATE accounts SET label = %s WHERE id = %s", (label, account_id))

    def get(self, account_id: UUID, workspace_id: UUID | None = None) -> Account:
        with self._database.session() as session:
            row = session.get(AccountRow, account_id)
            if row is None or workspace_id not in (None, row.workspace_id):
                raise NotFound("account", account_id)
            return _account(row)

    def set_status(
        self,
        account_id: UUID,
        status: AccountStatus,
        reason: str | None = None,
        until: datetime | None = None,
    ) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE accounts SET status = %(status)s::text, status_reason = %(reason)s,"
                " status_until = %(until)s,"
                " last_online_at = CASE WHEN %(status)s::text = 'online' THEN now()"
                " ELSE last_online_at END,"
                " last_problem = CASE WHEN %(bad)s THEN %(status)s::text ELSE last_problem END,"
                " last_problem_at = CASE WHEN %(bad)s THEN now() ELSE last_problem_at END"
                " WHERE id = %(id)s",
                {
                    "status": status.value,
                    "reason": reason,
                    "until": until,
                    "bad": status in TROUBLES,
                    "id": account_id,
                },
            )

    def linked(self, account_id: UUID, phone: str, session_id: str) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE accounts SET phone = %s, session_id = %s, linked_at = now(),"
                " pairing_until = NULL, pairing_phone = NULL, status = 'connecting',"
                " status_reason = NULL, status_until = NULL WHERE id = %s",
                (phone, session_id, account_id),
            )

    def unlinked(self, account_id: UUID, status: AccountStatus, reason: str | None) -> None:
        problem = status.value if status in TROUBLES else None
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE accounts SET session_id = NULL, linked_at = NULL, unlink_wished = false,"
                " status = %s, status_reason = %s, status_until = NULL, last_problem = %s,"
                " last_problem_at = CASE WHEN %s THEN now() END WHERE id = %s",
                (status.value, reason, problem, problem is not None, account_id),
            )

    def wish_pairing(self, account_id: UUID, until: datetime | None, phone: str | None) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE accounts SET pairing_until = %s, pairing_phone = %s,"
                " wake_at = CASE WHEN %s THEN clock_timestamp() ELSE wake_at END WHERE id = %s",
                (until, phone, until is not None, account_id),
            )

    def wish_unlinking(self, account_id: UUID) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE accounts SET unlink_wished = true, wake_at = clock_timestamp()"
                " WHERE id = %s",
                (account_id,),
            )

    def lock_cold(self, account_id: UUID, until: datetime | None) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE accounts SET cold_locked_until = %s WHERE id = %s", (until, account_id)
            )

    def note_replaced(self, account_id: UUID, at: datetime) -> None:
        with self._database.transaction() as cursor:
            cursor.execute("UPDATE accounts SET replaced_at = %s WHERE id = %s", (at, account_id))

    def wake(self, account_id: UUID) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(WAKE, (account_id,))

    def rest(self, account_id: UUID, seen: datetime | None, until: datetime | None) -> bool:
        with self._database.transaction() as cursor:
            rested = cursor.execute(
                "UPDATE accounts SET wake_at = %s WHERE id = %s"
                " AND wake_at IS NOT DISTINCT FROM %s",
                (until, account_id, seen),
            )
            return rested.rowcount == 1

    def to_serve(self, now: datetime) -> Sequence[UUID]:
        with self._database.transaction() as cursor:
            return [row.id for row in cursor.execute(_TO_SERVE, {"now": now})]


def _account(row: AccountRow) -> Account:
    return Account(
        id=row.id,
        workspace_id=row.workspace_id,
        label=row.label,
        phone=row.phone,
        status=AccountStatus(row.status),
        status_reason=row.status_reason,
        status_until=row.status_until,
        session_id=row.session_id,
        pairing_until=row.pairing_until,
        pairing_phone=row.pairing_phone,
        unlink_wished=row.unlink_wished,
        wake_at=row.wake_at,
        cold_locked_until=row.cold_locked_until,
        linked_at=row.linked_at,
        replaced_at=row.replaced_at,
        last_online_at=row.last_online_at,
        last_problem=AccountStatus(row.last_problem) if row.last_problem else None,
        last_problem_at=row.last_problem_at,
        pacing=dict(row.pacing),
        created_at=row.created_at,
    )
