"""Where linked devices are kept: what neonize opens, and what it wrote before a message left."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import urlsplit

import psycopg

from sender_app.domain.delivery import Lease

_SECRETS = """
SELECT key, message_id FROM whatsmeow_message_secrets WHERE key = ANY(%(keys)s)
UNION ALL SELECT key, message_id FROM gone_secrets WHERE key = ANY(%(keys)s)
"""
# A device that the phone removes takes its rows along. What was in flight then has to be told later
# too, or it would count as never left, and be sent again by the device that is linked next.
_KEPT = """
SELECT FROM pg_trigger
WHERE tgname = 'keep_secrets' AND tgrelid = to_regclass('whatsmeow_message_secrets')
"""
_KEEP = """
CREATE OR REPLACE TRIGGER keep_secrets AFTER DELETE ON whatsmeow_message_secrets
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION keep_secrets()
"""


class Devices(Protocol):
    """An account's devices, opened under its lease."""

    dsn: str  # the session store as the Go library takes it
    proxy: str  # through which the library is to reach WhatsApp; empty: none

    def ready(self) -> None:
        """The library has made its tables, or brought them up to date."""
        ...

    def save(self) -> None:
        """Have everything kept that the library wrote so far. Raises Unavailable."""
        ...

    def find_message_ids(self, secrets: Sequence[bytes]) -> Mapping[bytes, str]:
        """See ports.whatsapp.Connection. Raises Unavailable."""
        ...

    def are_kept(self) -> bool:
        """Whether what keeps them is there; without it, nothing comes or goes any more."""
        ...

    def close(self) -> None:
        """Never raises, may be called twice."""
        ...


class DeviceStore(Protocol):
    """Keeps the linked devices of all accounts."""

    def open(self, lease: Lease, *, linked: bool) -> Devices:
        """The devices of the lease's account; what is left of old ones goes if none is `linked`.

        Raises Unavailable when they cannot be read now.
        """
        ...


class PostgresDevices:
    """See DeviceStore and Devices: all are in the `whatsmeow_*` tables of the database.

    The secrets of devices that are gone are in `gone_secrets`, for 60 days.
    """

    proxy = ""

    def __init__(self, url: str) -> None:
        self._url = url
        self.dsn = go_dsn(url)

    def open(self, lease: Lease, *, linked: bool) -> "PostgresDevices":
        return self

    def ready(self) -> None:
        with psycopg.connect(self._url) as connection:
            if connection.execute(_KEPT).fetchone() is None:
                connection.execute(_KEEP)

    def save(self) -> None:
        return

    def find_message_ids(self, secrets: Sequence[bytes]) -> Mapping[bytes, str]:
        with psycopg.connect(self._url) as connection:
            rows = connection.execute(_SECRETS, {"keys": list(secrets)})
            return {bytes(key): message_id for key, message_id in rows}

    def are_kept(self) -> bool:
        return True

    def close(self) -> None:
        return


def go_dsn(url: str) -> str:
    """A libpq URL as the Go driver takes it: without TLS unless the URL says otherwise."""
    if "sslmode=" in url:
        return url
    return url + ("&" if urlsplit(url).query else "?") + "sslmode=disable"
