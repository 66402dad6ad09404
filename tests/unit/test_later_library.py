import ctypes
import subprocess
import sys

import pytest

from sender_app.jobs.later_library import LaterLibrary

LIBC = "libc.so.6"
PRELOADED_AND_FORKED = """
import os, sys
from sender_app.jobs.preload import preload
def loaded():
    with open("/proc/self/maps") as maps:
        return "neonize-" in maps.read()
preload()
from neonize._binder import gocode
from neonize.download import __GONEONIZE_VERSION__
assert not loaded() and gocode.GetVersion() == __GONEONIZE_VERSION__.encode()
child = os.fork()
if child == 0:
    gocode.StopAll()
    assert loaded() and gocode.GetVersion() == __GONEONIZE_VERSION__.encode()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0 and not loaded()
"""


def test_what_is_declared_holds_once_it_is_loaded():
    library = LaterLibrary(LIBC, {})
    library.strlen.argtypes = [ctypes.c_char_p]
    library.strlen.restype = ctypes.c_size_t
    library.strlen.errcheck = lambda result, _function, _arguments: result + 100
    library.no_such_function.restype = ctypes.c_int
    before = library.strlen
    assert library.strlen(b"abc") == 103
    assert before(b"abc") == 103
    with pytest.raises(ctypes.ArgumentError):
        library.strlen(3)
    assert library.abs(-4) == 4  # not declared before
    with pytest.raises(AttributeError):
        library.no_such_function()


def test_it_is_loaded_at_the_first_call_and_not_before():
    library = LaterLibrary("no-such-library.so", {"version": b"1"})
    library.anything.restype = ctypes.c_char_p
    assert library.version() == b"1"
    with pytest.raises(OSError, match="no-such-library"):
        library.anything()


def test_a_library_that_is_not_the_one_expected_is_refused():
    library = LaterLibrary(LIBC, {"getppid": -1})
    with pytest.raises(RuntimeError, match="getppid of libc"):
        library.abs(-4)


def test_go_is_loaded_in_forks_only():
    subprocess.run([sys.executable, "-c", PRELOADED_AND_FORKED], check=True, timeout=120)
