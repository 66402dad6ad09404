"""Makes a process under test trust the loopback server's Noise root, in memory only.

Python imports this at start from PYTHONPATH.  It imports nothing of neonize; it waits for
``ctypes`` to load neonize's Go library, whenever that is, and then overwrites WhatsApp's
32-byte root key in that process's own writable memory.  Forked children inherit the hook.
"""

import importlib.machinery
import os
import sys

_VARIABLE = "LOOPBACK_TRUST_ROOT"
_LIBRARY = "neonize-"  # its file's name begins with this
_WHATSAPP_ROOT = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")


class _CtypesFinder:
    """A meta path finder that only looks at ctypes and patches after it has run."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Wrap the loader of ctypes; leave every other module alone."""
        if name != "ctypes":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_and_trust(module):
                run(module)
                _trust_once_loaded(module.CDLL)

            spec.loader.exec_module = exec_and_trust
        return spec


def _trust_once_loaded(library_class):
    load = library_class.__init__

    def load_and_trust(self, name, *args, **options):
        load(self, name, *args, **options)
        if os.path.basename(str(name)).startswith(_LIBRARY):
            _overwrite_root(str(name))

    library_class.__init__ = load_and_trust


def _overwrite_root(library):
    import ctypes

    root = bytes.fromhex(os.environ[_VARIABLE])
    for start, end in _writable_mappings(library):
        memory = ctypes.string_at(start, end - start)
        if (offset := memory.find(_WHATSAPP_ROOT)) >= 0:
            ctypes.memmove(start + offset, root, len(root))
            return
        if root in memory:  # it was loaded before
            return
    raise ImportError("WhatsApp's Noise root was not found in neonize's library")


def _writable_mappings(library):
    path = os.path.realpath(library)
    with open("/proc/self/maps") as maps:
        for line in maps:
            fields = line.split(maxsplit=5)
            if len(fields) == 6 and "rw" in fields[1] and fields[5].strip() == path:
                start, end = fields[0].split("-")
                yield int(start, 16), int(end, 16)


def _run_shadowed_sitecustomize():
    """Run the sitecustomize that this one hides, if there is one."""
    here = os.path.dirname(os.path.realpath(__file__))
    others = [entry for entry in sys.path if os.path.realpath(entry or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        module = type(sys)("sitecustomize")
        module.__spec__, module.__file__ = spec, spec.origin
        spec.loader.exec_module(module)


if _VARIABLE in os.environ:
    sys.meta_path.insert(0, _CtypesFinder)
_run_shadowed_sitecustomize()
