"""Leases in Postgres: who serves an account, with epochs that fence older holders."""

import secrets
from datetime import timedelta
from uuid import UUID

from sender_app.domain.delivery import Lease
from sender_app.stores.postgres.engine import Database

# The conflicting row is locked, so two takers are told apart here and nowhere else.
_TAKE = """
INSERT INTO leases AS l (account_id, epoch, owner, expires_at)
VALUES (%(account)s, 1, %(owner)s, now() + %(ttl)s)
ON CONFLICT (account_id) DO UPDATE
SET epoch = l.epoch + 1, owner = EXCLUDED.owner, expires_at = EXCLUDED.expires_at
WHERE l.expires_at <= now()
RETURNING epoch, old.owner AS previous
"""
_KEY = "INSERT INTO lease_keys (account_id, epoch, key) VALUES (%s, %s, %s)"
# A key is needed only while a recipient of its epoch is still in `sending`; the last few days'
# keys are kept so that nobody has to look for that in a large ledger.
_FORGET = """
DELETE FROM lease_keys k WHERE account_id = %(account)s AND epoch < %(epoch)s
AND taken_at < now() - interval '7 days' AND NOT EXISTS (
  SELECT FROM campaigns c JOIN campaign_recipients r ON r.campaign_id = c.id
  WHERE k.account_id = ANY(c.account_id || c.more_accounts) AND r.status = 'sending'
    AND r.lease_epoch = k.epoch AND coalesce(r.account_id, c.account_id) = k.account_id)
"""
_RENEW = """
UPDATE leases SET expires_at = now() + %(ttl)s
WHERE account_id = %(account)s AND epoch = %(epoch)s AND expires_at > now()
"""
_RELEASE_OF = (
    "UPDATE leases SET expires_at = now(), owner = '' WHERE account_id = %s AND owner = %s"
)
_RELEASE = """
UPDATE leases SET expires_at = now(), owner = ''
WHERE account_id = %(account)s AND epoch = %(epoch)s
"""


class PostgresLeases:
    """See ports.store.leases.LeaseStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, account_id: UUID, owner: str, ttl: timedelta) -> Lease | None:
        with self._database.transaction() as cursor:
            wish = {"account": account_id, "owner": owner, "ttl": ttl}
            taken = cursor.execute(_TAKE, wish).fetchone()
            if taken is None:
                return None
            key = secrets.token_bytes(32)
            cursor.execute(_KEY, (account_id, taken.epoch, key))
            cursor.execute(_FORGET, {"account": account_id, "epoch": taken.epoch})
            return Lease(account_id, taken.epoch, key, owner, taken.previous or None)

    def renew(self, lease: Lease, ttl: timedelta) -> bool:
        with self._database.transaction() as cursor:
            held = {"account": lease.account_id, "epoch": lease.epoch, "ttl": ttl}
            return cursor.execute(_RENEW, held).rowcount == 1

    def release(self, lease: Lease) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(_RELEASE, {"account": lease.account_id, "epoch": lease.epoch})

    def release_of(self, account_id: UUID, owner: str) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(_RELEASE_OF, (account_id, owner))
