"""WhatsApp's protobuf messages, taken from neonize's wheel without loading its Go library.

``import neonize`` would load Go, so its ``proto`` folder is put on the path and the generated
modules are imported by the top-level names that they use among themselves.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from whatsapp_loopback.tokens import neonize_folder

if TYPE_CHECKING:
    from neonize.proto.waAdv.WAAdv_pb2 import (
        ADVDeviceIdentity,
        ADVSignedDeviceIdentity,
        ADVSignedDeviceIdentityHMAC,
    )
    from neonize.proto.waCert.WACert_pb2 import CertChain
    from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message
    from neonize.proto.waWa6.WAWebProtobufsWa6_pb2 import ClientPayload, HandshakeMessage
else:
    _folder = str(neonize_folder() / "proto")
    if _folder not in sys.path:
        sys.path.append(_folder)
    _adv = import_module("waAdv.WAAdv_pb2")
    ADVDeviceIdentity = _adv.ADVDeviceIdentity
    ADVSignedDeviceIdentity = _adv.ADVSignedDeviceIdentity
    ADVSignedDeviceIdentityHMAC = _adv.ADVSignedDeviceIdentityHMAC
    CertChain = import_module("waCert.WACert_pb2").CertChain
    Message = import_module("waE2E.WAWebProtobufsE2E_pb2").Message
    _wa6 = import_module("waWa6.WAWebProtobufsWa6_pb2")
    ClientPayload = _wa6.ClientPayload
    HandshakeMessage = _wa6.HandshakeMessage

__all__ = [
    "ADVDeviceIdentity",
    "ADVSignedDeviceIdentity",
    "ADVSignedDeviceIdentityHMAC",
    "CertChain",
    "ClientPayload",
    "HandshakeMessage",
    "Message",
]
