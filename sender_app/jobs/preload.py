"""What every account's process needs, imported once before the fork so that the pages are shared.

The Go library itself must never be loaded here: its runtime does not survive a fork.
"""

import gc
import importlib
import sys
from importlib.util import find_spec
from types import ModuleType

_SHARED = (
    "google.protobuf.internal.builder",
    # What neonize imports by itself, its messages' descriptions above all.
    "neonize.proto.Neonize_pb2",
    "neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2",
    "neonize.proto.waConsumerApplication.WAConsumerApplication_pb2",
    "neonize.proto.waE2E.WAWebProtobufsE2E_pb2",
    "neonize.proto.waMsgApplication.WAMsgApplication_pb2",
    "PIL.Image",
    "httpx",
    "linkpreview",
    "pylibmagic",  # brings the library that `magic` looks for
    "magic",
    "requests",
    "segno",
    "tqdm",
    "psycopg_binary",
    "sender_app.adapters.neonize_errors",
    "phonenumbers",
    "polars",
    "sender_app.bootstrap",
    "sender_app.services.serving.session",
    "sender_app.stores.postgres.store",
    "sender_app.stores.redis.store",
)


def preload() -> None:
    """Import the pure-Python part of neonize and of Sender, then freeze it against the collector.

    `neonize/__init__.py` would load the Go library, so its protobufs are imported under a stub
    package with the real path; the stub is taken away again for the children.
    """
    spec = find_spec("neonize") if "neonize" not in sys.modules else None
    if spec is not None and spec.submodule_search_locations:
        stub = ModuleType("neonize")
        stub.__path__ = list(spec.submodule_search_locations)
        sys.modules["neonize"] = stub
    for name in _SHARED:
        importlib.import_module(name)
    if spec is not None:
        del sys.modules["neonize"]
    gc.collect()
    gc.freeze()
