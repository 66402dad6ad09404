"""RQ entry points: ids in, a service call. Loads no user interface."""

import os
import signal
import threading
from uuid import UUID

from sender_app import bootstrap
from sender_app.adapters.processes import die_with_parent, owner_name, say_nothing
from sender_app.adapters.tracing import start_tracing
from sender_app.config import settings


def serve_account(account_id: str) -> None:
    """Serve one account for as long as it has something to do.

    Runs in a process forked for it: the Go library is loaded here and nowhere else. SIGTERM, also
    sent when the parent dies, lets the message in flight be recorded and the lease be released.
    """
    say_nothing()  # the library writes notes with whole numbers there, beside the log
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    die_with_parent(signal.SIGTERM)
    traces = start_tracing(settings().otel_exporter_otlp_endpoint, "sender-worker")
    try:
        bootstrap.serving().serve(UUID(account_id), owner_name(os.getpid()), stop)
    finally:
        bootstrap.meter().flush()
        if traces is not None:
            traces.shutdown()


def run_import(import_id: str) -> None:
    """Read a file of contacts through, or bring it into the address book.

    Runs in RQ's forked work-horse, so that whatever a file does ends that process only.
    """
    die_with_parent(signal.SIGKILL)
    bootstrap.services().import_job.run(UUID(import_id))


def reconcile() -> int:
    """Wake every account that has something to do and no process."""
    return bootstrap.services().reconciler.run()


def keep_book_up() -> int:
    """Index contacts that changed, for some seconds at most, so that other jobs have their turn."""
    return bootstrap.services().book_upkeep.run(seconds=10)


def clear_media() -> int:
    """Delete files that no campaign uses any more."""
    return bootstrap.services().media.clear_unused()


def deliver_webhooks() -> int:
    """Deliver what webhooks are to be told, for some seconds at most; the reconciler comes again.

    Runs in RQ's forked work-horse. One that dies leaves nothing behind but attempts that count.
    """
    die_with_parent(signal.SIGKILL)
    return bootstrap.services().courier.run(seconds=20)
