"""Background work: wakes processes. The store is the truth, so a lost job is only a late one."""

from typing import Protocol
from uuid import UUID


class Queue(Protocol):
    """Asks for work to be done elsewhere."""

    def serve_account(self, account_id: UUID, *, unattended: bool = False) -> bool:
        """Ask for a process to serve the account; False when one is asked for already.

        With `unattended` the caller knows that no process holds the account's lease, so that a
        process which seems to have been at it for a while must have died.

        Never raises: what is due is in the store, and the reconciler asks again.
        """
        ...

    def run_import(self, import_id: UUID, attempt: int) -> None:
        """Ask for a job that takes the import up, once for each `attempt` (jobs begun so far).

        Never raises: the wish is in the store, and the reconciler asks again.
        """
        ...

    def deliver_webhooks(self) -> None:
        """Ask for a job that delivers what is due, unless one waits or runs.

        Never raises: what is due is in the store, and the reconciler asks again.
        """
        ...
