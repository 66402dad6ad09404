"""The reconciler: whatever was lost, what has something to do gets a process again."""

from dataclasses import dataclass

from sender_app.ports.queue import Queue
from sender_app.ports.store import Store
from sender_app.services.clock import Clock, system_clock
from sender_app.services.import_job import ImportWatch


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Runs every few seconds; does the same however often it runs."""

    store: Store
    queue: Queue
    imports: ImportWatch
    clock: Clock = system_clock

    def run(self) -> int:
        """Start campaigns whose time has come, wake whatever has work and no process.

        Returns how many accounts were woken.
        """
        self.imports.run()
        self.store.campaigns.start_due(self.clock())
        if self.store.webhooks.is_due(self.clock()):
            self.queue.deliver_webhooks()
        due = self.store.accounts.to_serve(self.clock())
        return sum(self.queue.serve_account(account_id, unattended=True) for account_id in due)
