"""Linux process facts that the standard library does not offer."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


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


def owner_name(pid: int) -> str:
    """How an account's process signs its lease: host and process id."""
    return f"{os.uname().nodename}:{pid}"
