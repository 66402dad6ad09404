"""The two protobuf messages of the Signal protocol, version 3, as libsignal lays them out."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

VERSION = b"\x33"
MAC_SIZE = 8
_BYTES = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
_UINT32 = descriptor_pb2.FieldDescriptorProto.TYPE_UINT32

_SCHEMA = {
    "SignalMessage": [
        ("ratchet_key", 1, _BYTES),
        ("counter", 2, _UINT32),
        ("previous_counter", 3, _UINT32),
        ("ciphertext", 4, _BYTES),
    ],
    "PreKeySignalMessage": [
        ("prekey_id", 1, _UINT32),
        ("base_key", 2, _BYTES),
        ("identity_key", 3, _BYTES),
        ("message", 4, _BYTES),
        ("registration_id", 5, _UINT32),
        ("signed_prekey_id", 6, _UINT32),
    ],
}


def _message_classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="whatsapp_loopback/signal.proto", package="whatsapp_loopback.signal", syntax="proto2"
    )
    for message_name, fields in _SCHEMA.items():
        message = file.message_type.add(name=message_name)
        for name, number, kind in fields:
            label = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
            message.field.add(name=name, number=number, type=kind, label=label)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)  # type: ignore[attr-defined]
    descriptor = pool.FindFileByName(file.name)
    return {
        name: message_factory.GetMessageClass(descriptor.message_types_by_name[name])
        for name in _SCHEMA
    }


_CLASSES = _message_classes()
SignalMessage: Any = _CLASSES["SignalMessage"]
PreKeySignalMessage: Any = _CLASSES["PreKeySignalMessage"]
