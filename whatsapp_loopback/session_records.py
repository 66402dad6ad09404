"""Signal sessions as text, for the store."""

from __future__ import annotations

import json
from typing import Any

from whatsapp_loopback.crypto import KeyPair
from whatsapp_loopback.signal_protocol import PendingPreKey, ReceivingChain, Session


def dump(sessions: list[Session]) -> str:
    """Serialize the sessions with one device, newest first."""
    return json.dumps([_session_out(s) for s in sessions], separators=(",", ":"))


def load(text: str) -> list[Session]:
    """The inverse of ``dump``."""
    return [_session_in(record) for record in json.loads(text)]


def _session_out(s: Session) -> list[Any]:
    pending = s.pending
    return [
        s.local_identity.hex(),
        s.remote_identity.hex(),
        s.base_key.hex(),
        s.root_key.hex(),
        s.ratchet.private.hex(),
        s.ratchet.public.hex(),
        s.sending_key.hex() if s.sending_key else None,
        s.sending_index,
        s.previous_counter,
        s.remote_ratchet.hex(),
        [_chain_out(c) for c in s.receiving],
        [pending.prekey_id, pending.signed_prekey_id, pending.base_key.hex()] if pending else None,
    ]


def _chain_out(c: ReceivingChain) -> list[Any]:
    skipped = {str(i): seed.hex() for i, seed in c.skipped.items()}
    return [c.ratchet_key.hex(), c.chain_key.hex(), c.index, skipped]


def _session_in(r: list[Any]) -> Session:
    unhex = bytes.fromhex
    return Session(
        local_identity=unhex(r[0]),
        remote_identity=unhex(r[1]),
        base_key=unhex(r[2]),
        root_key=unhex(r[3]),
        ratchet=KeyPair(unhex(r[4]), unhex(r[5])),
        sending_key=unhex(r[6]) if r[6] else None,
        sending_index=r[7],
        previous_counter=r[8],
        remote_ratchet=unhex(r[9]),
        receiving=[_chain_in(c) for c in r[10]],
        pending=PendingPreKey(r[11][0], r[11][1], unhex(r[11][2])) if r[11] else None,
    )


def _chain_in(r: list[Any]) -> ReceivingChain:
    skipped = {int(i): bytes.fromhex(seed) for i, seed in r[3].items()}
    return ReceivingChain(bytes.fromhex(r[0]), bytes.fromhex(r[1]), r[2], skipped)
