"""A child process that never outlives its parent."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(slots=True)
class Child:
    """A started process; `stop_with` is the signal that asks it to end."""

    name: str
    process: subprocess.Popen[bytes]
    stop_with: signal.Signals

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def stop(self, grace: float) -> bool:
        """Ask it to end, and end it after `grace` seconds. False when it had to be killed.

        What it started ends with it in any case.
        """
        if self.is_alive():
            self.process.send_signal(self.stop_with)
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        self.strike()
        return True

    def kill(self) -> None:
        """End it at once, with what it started, also when it has ended itself."""
        self.strike()
        self.process.wait()

    def strike(self) -> None:
        """Send SIGKILL to its process group and wait for nothing: safe in a signal handler."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


def start(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: str | None = None,
    stop_with: str = "SIGTERM",
) -> Child:
    """Start `command` in a session of its own, in `folder`, its output appended to `log`.

    On Linux the kernel ends it when this process dies, however it dies.
    """
    signum = signal.Signals[stop_with]
    parent = os.getpid()

    def die_with_parent() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(signum))
            if os.getppid() != parent:
                os._exit(1)

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=folder or ("/" if user else None),
            user=user,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has one thread
        )
    return Child(name, process, signum)
