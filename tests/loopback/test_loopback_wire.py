"""The layers below the chat: binary XML, XEdDSA, Noise, Signal, numbers."""

from __future__ import annotations

import pytest

from whatsapp_loopback import addresses, noise, session_records, signal_protocol, xeddsa
from whatsapp_loopback.binary_xml import JID, LID_SERVER, BinaryXMLError, Codec, Node
from whatsapp_loopback.crypto import KeyPair, dh, hkdf, sha256
from whatsapp_loopback.noise import Frames, NoiseError, ServerHandshake, Transport
from whatsapp_loopback.protobufs import HandshakeMessage
from whatsapp_loopback.signal_protocol import Bundle, SignalError
from whatsapp_loopback.tokens import load_tokens


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(load_tokens())


def test_the_token_tables_are_read_whole():
    tokens = load_tokens()
    assert tokens.single[:4] == ["", "xmlstreamstart", "xmlstreamend", "s.whatsapp.net"]
    assert len(tokens.single) == 236
    assert [len(table) for table in tokens.double] == [256] * 4
    assert tokens.double[0][0] == "read-self"


@pytest.mark.parametrize(
    "value",
    ["receipt", "read-self", "12345", "1.5-2", "ABCDEF01", "héllo wörld", "x" * 300, "a b"],
)
def test_strings_survive_encoding(codec: Codec, value: str):
    node = Node("iq", {"id": value})
    assert codec.decode(codec.encode(node)) == node


@pytest.mark.parametrize(
    "jid",
    [JID("595981000001"), JID("123", LID_SERVER), JID("123", LID_SERVER, 7), JID("", "g.us")],
)
def test_addresses_survive_encoding(codec: Codec, jid: JID):
    assert codec.decode(codec.encode(Node("to", {"jid": jid}))).jid("jid") == jid


def test_content_of_every_kind_survives_encoding(codec: Codec):
    children = [Node("a", {}, bytes(300)), Node("b", {}, b"\xff" * 70_000), Node("c")]
    node = Node("iq", {"id": "1"}, [*children, *[Node("user", {"n": str(i)}) for i in range(300)]])
    assert codec.decode(codec.encode(node)) == node


def test_a_cut_frame_is_an_error(codec: Codec):
    with pytest.raises(BinaryXMLError):
        codec.decode(codec.encode(Node("iq", {"id": "hello world"}))[:-3])


def test_xeddsa_verifies_its_own_signatures_only():
    for _ in range(8):  # both signs of the Edwards point come up
        pair = KeyPair.generate()
        signature = xeddsa.sign(pair.private, b"message")
        assert xeddsa.verify(pair.public, b"message", signature)
        assert not xeddsa.verify(pair.public, b"massage", signature)
        assert not xeddsa.verify(KeyPair.generate().public, b"message", signature)


class _Initiator:
    """The client's side of the handshake, written out step by step."""

    def __init__(self) -> None:
        self.ephemeral, self.static = KeyPair.generate(), KeyPair.generate()
        self.state = noise._SymmetricState()

    def hello(self) -> bytes:
        self.state.authenticate(self.ephemeral.public)
        message = HandshakeMessage()
        message.clientHello.ephemeral = self.ephemeral.public
        return message.SerializeToString()

    def finish(self, reply: bytes, payload: bytes) -> bytes:
        hello = HandshakeMessage.FromString(reply).serverHello
        self.state.authenticate(hello.ephemeral)
        self.state.mix(dh(self.ephemeral.private, hello.ephemeral))
        server_static = self.state.decrypt(hello.static)
        self.state.mix(dh(self.ephemeral.private, server_static))
        self.certificates = self.state.decrypt(hello.payload)
        message = HandshakeMessage()
        message.clientFinish.static = self.state.encrypt(self.static.public)
        self.state.mix(dh(self.static.private, hello.ephemeral))
        message.clientFinish.payload = self.state.encrypt(payload)
        return message.SerializeToString()

    def transport(self) -> Transport:
        keys = hkdf(b"", 64, salt=self.state.salt)
        return Transport(read_key=keys[32:], write_key=keys[:32])


def test_both_sides_of_the_handshake_agree():
    client, server = _Initiator(), ServerHandshake(KeyPair.generate(), b"certificates")
    finish = client.finish(server.hello(client.hello()), b"payload")
    noise_key, payload, server_transport = server.finish(finish)
    client_transport = client.transport()
    assert (noise_key, payload) == (client.static.public, b"payload")
    assert client.certificates == b"certificates"
    for text in (b"one", b"two"):
        assert server_transport.decrypt(client_transport.encrypt(text)) == text
        assert client_transport.decrypt(server_transport.encrypt(text)) == text


def test_a_forged_frame_is_refused():
    key = sha256(b"key")
    forged = bytearray(Transport(key, key).encrypt(b"text"))
    forged[0] ^= 1
    with pytest.raises(NoiseError):
        Transport(key, key).decrypt(bytes(forged))


def test_frames_are_cut_wherever_the_stream_was_split():
    stream = noise.CONNECTION_HEADER + noise.frame(b"first") + noise.frame(b"second")
    frames = Frames()
    found = [frame for byte in stream for frame in frames.feed(bytes([byte]))]
    assert found == [b"first", b"second"]


def _conversation() -> tuple[signal_protocol.Session, signal_protocol.Session]:
    identity, signed, prekey = (KeyPair.generate() for _ in range(3))
    bundle = Bundle(1, identity.public, 1, signed.public, 9, prekey.public)
    ours = signal_protocol.initiate(KeyPair.generate(), bundle)
    enc_type, first = ours.encrypt(b"hello", 5)
    outer = signal_protocol.parse_prekey_message(first)
    theirs = signal_protocol.accept(identity, signed, prekey, outer)
    assert (enc_type, theirs.decrypt(outer.message)) == ("pkmsg", b"hello")
    return ours, theirs


def test_a_signal_conversation_goes_both_ways_and_out_of_order():
    ours, theirs = _conversation()
    assert ours.decrypt(theirs.encrypt(b"answer", 6)[1]) == b"answer"
    later = [ours.encrypt(text, 5) for text in (b"1", b"2", b"3")]
    assert {enc_type for enc_type, _ in later} == {"msg"}
    assert [theirs.decrypt(later[i][1]) for i in (2, 0, 1)] == [b"3", b"1", b"2"]
    with pytest.raises(signal_protocol.DuplicateMessageError):
        theirs.decrypt(later[0][1])


def test_a_forged_signal_message_is_refused():
    ours, theirs = _conversation()
    message = bytearray(theirs.encrypt(b"answer", 6)[1])
    message[-1] ^= 1
    with pytest.raises(SignalError):
        ours.decrypt(bytes(message))


def test_sessions_survive_being_stored():
    sessions = list(_conversation())
    assert session_records.load(session_records.dump(sessions)) == sessions


@pytest.mark.parametrize("number", ["595981000001", "12025550123", "999999999999999"])
def test_lids_lead_back_to_the_number(number: str):
    lid = addresses.lid_jid(number)
    assert lid.user != number
    assert addresses.number_of(lid) == number


@pytest.mark.parametrize("text", ["", "abc", "0123456", "1234", "1234567890123456", "٣٤٥٦٧٨"])
def test_what_is_no_number_is_refused(text: str):
    assert not addresses.is_number(text)
