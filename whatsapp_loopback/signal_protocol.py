"""The Signal protocol between a virtual phone and one linked device: X3DH and double ratchet."""

import pickle
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from whatsapp_loopback.curve import KeyPair, derive, mac

_VERSION = 0x33
_DJB = b"\x05"  # the type byte before a public key
_MOST_SKIPPED = 2000


def _messages() -> tuple[type, type]:
    """The two wire messages of the protocol, built from their field numbers."""
    number = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="loopback_signal.proto", package="loopback")
    fields = {
        "SignalMessage": (
            ("ratchet", 1, 12),
            ("counter", 2, 13),
            ("previous", 3, 13),
            ("body", 4, 12),
        ),
        "PreKeySignalMessage": (
            ("registration", 5, 13),
            ("pre_key", 1, 13),
            ("signed_pre_key", 6, 13),
            ("base", 2, 12),
            ("identity", 3, 12),
            ("message", 4, 12),
        ),
    }
    for name, columns in fields.items():
        message = file.message_type.add(name=name)
        for field_name, tag, kind in columns:
            message.field.add(name=field_name, number=tag, type=kind, label=number.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    get = message_factory.GetMessageClass
    return tuple(get(pool.FindMessageTypeByName(f"loopback.{name}")) for name in fields)  # type: ignore[return-value]


SignalMessage, PreKeySignalMessage = _messages()


@dataclass(slots=True)
class _Chain:
    key: bytes
    counter: int = 0
    skipped: dict[int, bytes] = field(default_factory=dict)

    def next(self) -> bytes:
        """The seed of the next message's keys; the chain moves on."""
        seed = mac(self.key, b"\x01")
        self.key = mac(self.key, b"\x02")
        self.counter += 1
        return seed


@dataclass(frozen=True, slots=True)
class Bundle:
    """A device's published keys, as fetched to start a session with it."""

    registration: int
    identity: bytes
    signed_id: int
    signed: bytes
    one_time_id: int | None
    one_time: bytes | None


@dataclass(slots=True)
class Session:
    """A session seen from our side; `ours` and `theirs` are identity keys."""

    ours: KeyPair
    theirs: bytes
    root: bytes
    ratchet: KeyPair
    sending: _Chain | None
    receiving: dict[bytes, _Chain] = field(default_factory=dict)
    previous: int = 0
    base: bytes = b""  # the initiator's base key: names the session
    greeting: tuple[int, int, int | None] | None = None  # registration, signed id, one-time id
    registration: int = 0

    def dump(self) -> bytes:
        """The session as bytes, for our own database only."""
        return pickle.dumps(self)

    @staticmethod
    def load(raw: bytes) -> "Session":
        """The session that `dump` gave."""
        return pickle.loads(raw)  # noqa: S301 - our own database

    def encrypt(self, plain: bytes) -> tuple[str, bytes]:
        """`("pkmsg" | "msg", ciphertext)` for a padded plaintext."""
        if self.sending is None:
            raise ValueError("nothing was received yet")
        counter = self.sending.counter
        cipher, key, iv = _keys(self.sending.next())
        body = _aes(cipher, iv).encryptor()
        padder = padding.PKCS7(128).padder()
        sealed = body.update(padder.update(plain) + padder.finalize()) + body.finalize()
        message = SignalMessage(
            ratchet=_DJB + self.ratchet.public, counter=counter, previous=self.previous, body=sealed
        )
        raw = bytes((_VERSION,)) + message.SerializeToString()
        raw += mac(key, _DJB + self.ours.public, _DJB + self.theirs, raw)[:8]
        if self.greeting is None:
            return "msg", raw
        registration, signed_id, one_time = self.greeting
        hello = PreKeySignalMessage(
            registration=registration,
            signed_pre_key=signed_id,
            base=_DJB + self.base,
            identity=_DJB + self.ours.public,
            message=raw,
        )
        if one_time is not None:
            hello.pre_key = one_time
        return "pkmsg", bytes((_VERSION,)) + hello.SerializeToString()

    def decrypt(self, raw: bytes) -> bytes:
        """The padded plaintext of a `msg`. Raises ValueError when it is not for this session."""
        message = SignalMessage.FromString(raw[1:-8])
        theirs = message.ratchet[1:]
        chain = self.receiving.get(theirs) or self._step(theirs)
        seed = self._seed(chain, message.counter)
        cipher, key, iv = _keys(seed)
        if mac(key, _DJB + self.theirs, _DJB + self.ours.public, raw[:-8])[:8] != raw[-8:]:
            raise ValueError("bad MAC")
        opener = _aes(cipher, iv).decryptor()
        unpadder = padding.PKCS7(128).unpadder()
        plain = opener.update(message.body) + opener.finalize()
        self.greeting = None
        return unpadder.update(plain) + unpadder.finalize()

    def _step(self, theirs: bytes) -> _Chain:
        """A new ratchet key of the other side: a new receiving and a new sending chain."""
        self.root, key = _ratchet(self.root, self.ratchet.agree(theirs))
        chain = self.receiving[theirs] = _Chain(key)
        if len(self.receiving) > 5:
            del self.receiving[next(iter(self.receiving))]
        self.previous = self.sending.counter if self.sending else 0
        self.ratchet = KeyPair.generate()
        self.root, key = _ratchet(self.root, self.ratchet.agree(theirs))
        self.sending = _Chain(key)
        return chain

    @staticmethod
    def _seed(chain: _Chain, counter: int) -> bytes:
        if counter < chain.counter:
            seed = chain.skipped.pop(counter, None)
            if seed is None:
                raise ValueError("seen already")
            return seed
        while chain.counter < counter:
            at = chain.counter
            chain.skipped[at] = chain.next()
            if len(chain.skipped) > _MOST_SKIPPED:
                del chain.skipped[next(iter(chain.skipped))]
        return chain.next()


def accept(
    raw: bytes, identity: KeyPair, signed: KeyPair, one_time: KeyPair
) -> tuple[Session, bytes]:
    """The session that a `pkmsg` opens with us, and the `msg` inside it."""
    hello = PreKeySignalMessage.FromString(raw[1:])
    theirs, base = hello.identity[1:], hello.base[1:]
    secret = b"\xff" * 32 + signed.agree(theirs) + identity.agree(base) + signed.agree(base)
    if hello.HasField("pre_key"):
        secret += one_time.agree(base)
    keys = derive(secret, 64, bytes(32), b"WhisperText")
    session = Session(identity, theirs, keys[:32], signed, _Chain(keys[32:]), base=base)
    return session, hello.message


def greeting_of(raw: bytes) -> tuple[bytes, bytes]:
    """The base key in a `pkmsg`, which names its session, and the `msg` inside it."""
    hello = PreKeySignalMessage.FromString(raw[1:])
    return hello.base[1:], hello.message


def initiate(identity: KeyPair, registration: int, bundle: Bundle) -> Session:
    """A session that we open with a device."""
    base, ratchet = KeyPair.generate(), KeyPair.generate()
    secret = b"\xff" * 32 + identity.agree(bundle.signed)
    secret += base.agree(bundle.identity) + base.agree(bundle.signed)
    if bundle.one_time is not None:
        secret += base.agree(bundle.one_time)
    keys = derive(secret, 64, bytes(32), b"WhisperText")
    session = Session(identity, bundle.identity, keys[:32], ratchet, None, base=base.public)
    session.receiving[bundle.signed] = _Chain(keys[32:])
    session.root, key = _ratchet(keys[:32], ratchet.agree(bundle.signed))
    session.sending = _Chain(key)
    session.greeting = (registration, bundle.signed_id, bundle.one_time_id)
    return session


def pad(plain: bytes) -> bytes:
    """WhatsApp's padding: n bytes of value n."""
    return plain + bytes((8,)) * 8


def unpad(padded: bytes) -> bytes:
    """Without the padding."""
    return padded[: -padded[-1]]


def _ratchet(root: bytes, secret: bytes) -> tuple[bytes, bytes]:
    keys = derive(secret, 64, root, b"WhisperRatchet")
    return keys[:32], keys[32:]


def _keys(seed: bytes) -> tuple[bytes, bytes, bytes]:
    keys = derive(seed, 80, bytes(32), b"WhisperMessageKeys")
    return keys[:32], keys[32:64], keys[64:]


def _aes(key: bytes, iv: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(iv))
