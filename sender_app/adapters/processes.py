"""Linux process facts that the standard library does not offer."""

import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path

import structlog

_PR_SET_PDEATHSIG = 1
_log = structlog.get_logger()


def die_with_parent(signum: signal.Signals) -> None:
    """Have the kernel send `signum` to this process when its parent dies (prctl(2)).

    Does nothing where there is no prctl. A parent that is dead already counts as dying now.
    """
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "prctl"):
        return
    libc.prctl(_PR_SET_PDEATHSIG, int(signum))
    if os.getppid() != parent:
        os.kill(os.getpid(), signum)


def say_nothing() -> None:
    """Have whatever this process writes to standard output vanish, also what is not Python's."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def owner_name(pid: int) -> str:
    """How an account's process signs its lease: host, process id, and when it started."""
    return f"{os.uname().nodename}:{pid}:{_started(pid)}"


def end_owner(owner: str) -> None:
    """End the process of that name, if it is one of this machine's and still the same process.

    It let its lease run out: stalled, perhaps in the middle of a send that it would finish later.
    """
    host, pid, started = [*owner.split(":"), "", ""][:3]
    if host != os.uname().nodename or not pid.isdigit() or not started:
        return
    if _started(int(pid)) == started:
        _log.warning("a process that let its lease run out is ended", owner=owner)
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def _started(pid: int) -> str:
    """Clock ticks from boot to the start of a process (proc(5)); empty when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return stat.rpartition(")")[2].split()[19]
