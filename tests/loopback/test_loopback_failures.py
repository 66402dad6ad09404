"""Every failure that can be commanded, and what real neonize makes of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback_processes import (
    ALICE,
    BOB,
    LoopbackServer,
    NeonizeClient,
    NeonizeError,
    Pending,
    copy_store,
    link,
    wait_until,
)

from whatsapp_loopback.client import Loopback


@pytest.fixture(scope="module", autouse=True)
def unanswered(
    server: LoopbackServer, session_loopback: Loopback, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pending]:
    """A message that gets no answer, on a line of its own. The library waits 75 seconds for that:
    all this module's other tests have their turn meanwhile."""
    folder, number = tmp_path_factory.mktemp("carol"), "595981000007"
    client = link(NeonizeClient(folder / "carol.db", server.data_dir), session_loopback, number)
    session_loopback.fail("ack_withheld", account=number, count=1)
    sending = client.start("send", "595982999999", "hola")
    session_loopback.wait_for_messages(1, account=number)
    yield sending
    client.kill()


@pytest.mark.parametrize("code", [400, 403, 429, 463, 475, 479])
def test_a_refused_message_names_its_code(
    alice: NeonizeClient, loopback: Loopback, phone: str, code: int
):
    loopback.fail("ack_error", account=ALICE, recipient=phone, code=code, count=1)
    with pytest.raises(NeonizeError, match=f"server returned error {code}"):
        alice.do("send", phone, "hola")
    assert loopback.messages(recipient=phone) == []
    alice.do("send", phone, "otra vez")
    assert len(loopback.messages(recipient=phone)) == 1
    assert loopback.rules()[0]["hits"] == 1


def test_a_number_without_whatsapp_has_no_lid(alice: NeonizeClient, loopback: Loopback, phone: str):
    loopback.fail("not_on_whatsapp", recipient=phone)
    with pytest.raises(NeonizeError, match=f"no LID found for {phone}@s.whatsapp.net from server"):
        alice.do("send", phone, "hola")


def test_look_ups_are_rate_limited(alice: NeonizeClient, loopback: Loopback, phone: str):
    loopback.fail("rate_overlimit", recipient=phone)
    with pytest.raises(NeonizeError, match="status 429: rate-overlimit"):
        alice.do("send", phone, "hola")
    with pytest.raises(NeonizeError, match="429"):
        alice.do("is_on_whatsapp", [phone])


def test_refused_prekeys_still_give_an_id(alice: NeonizeClient, loopback: Loopback, phone: str):
    loopback.fail("prekeys_refused", recipient=phone, count=1)
    assert alice.do("send", phone, "hola")
    assert loopback.messages(recipient=phone) == []


def test_a_failed_upload_names_its_status(
    alice: NeonizeClient, loopback: Loopback, phone: str, tmp_path: Path
):
    (tmp_path / "a.txt").write_bytes(os.urandom(100))
    loopback.fail("upload_failed", code=507, count=1)
    with pytest.raises(NeonizeError, match="upload failed with status code 507"):
        alice.do("send_document", phone, str(tmp_path / "a.txt"), "", "a.txt")
    alice.do("send_document", phone, str(tmp_path / "a.txt"), "", "a.txt")


def test_a_late_answer_is_an_answer(alice: NeonizeClient, loopback: Loopback, phone: str):
    loopback.fail("ack_delayed", recipient=phone, delay_ms=300)
    began = time.monotonic()
    assert alice.do("send", phone, "hola")
    assert time.monotonic() - began >= 0.3
    assert len(loopback.messages(recipient=phone)) == 1


def test_a_withheld_answer_is_made_good_by_the_resent_frame(
    alice: NeonizeClient, loopback: Loopback, phone: str
):
    loopback.fail("ack_withheld", recipient=phone, count=1)
    sending = alice.start("send", phone, "hola")
    [message] = loopback.wait_for_messages(1, recipient=phone)
    assert not sending.is_done
    loopback.disconnect(ALICE)
    assert sending.result() == message["id"]
    [message] = loopback.messages(recipient=phone)
    assert message["frames"] == 2


def test_a_line_cut_before_delivery_is_made_good(
    alice: NeonizeClient, loopback: Loopback, phone: str
):
    loopback.fail("drop_before_delivery", recipient=phone, count=1)
    message_id = alice.do("send", phone, "hola")
    [message] = loopback.messages(recipient=phone)
    assert (message["id"], message["frames"]) == (message_id, 1)


def test_a_line_cut_after_delivery_shows_the_message_once(
    alice: NeonizeClient, loopback: Loopback, phone: str
):
    loopback.fail("drop_after_delivery", recipient=phone, count=1)
    message_id = alice.do("send", phone, "hola")
    [message] = loopback.messages(recipient=phone)
    assert (message["id"], message["frames"]) == (message_id, 2)


def test_a_line_that_stays_cut_leaves_the_outcome_unknown(
    alice: NeonizeClient, loopback: Loopback, phone: str
):
    loopback.refuse_connections()
    loopback.fail("drop_after_delivery", recipient=phone, count=1)
    with pytest.raises(
        NeonizeError, match="websocket disconnected before message send returned response"
    ):
        alice.do("send", phone, "hola")
    assert len(loopback.messages(recipient=phone)) == 1
    with pytest.raises(NeonizeError, match="websocket not connected"):
        alice.do("send", phone, "otra")
    connected = alice.count("Connected")
    loopback.refuse_connections(False)
    alice.wait_for("Connected", count=connected + 1)


def test_a_cut_line_comes_back(alice: NeonizeClient, loopback: Loopback):
    connected = alice.count("Connected")
    loopback.disconnect(ALICE)
    alice.wait_for("Disconnected")
    alice.wait_for("Connected", count=connected + 1)


@pytest.mark.parametrize("code", [503, 515])
def test_a_passing_stream_error_reconnects(alice: NeonizeClient, loopback: Loopback, code: int):
    connected = alice.count("Connected")
    loopback.stream_error(ALICE, code)
    alice.wait_for("Connected", count=connected + 1)


def test_another_stream_error_is_reported(alice: NeonizeClient, loopback: Loopback):
    connected = alice.count("Connected")
    loopback.stream_error(ALICE, 599)
    assert alice.wait_for("StreamError")["Code"] == "599"
    alice.wait_for("Connected", count=connected + 1)


def test_a_muted_server_neither_answers_nor_delivers(
    alice: NeonizeClient, loopback: Loopback, phone: str
):
    alice.do("send", phone, "antes")
    loopback.mute(ALICE)
    sending = alice.start("send", phone, "durante")
    reply = loopback.reply(ALICE, phone, "respuesta")
    assert loopback.account(ALICE)["connected"]
    wait_until(lambda: loopback.account(ALICE)["unheard"] == 1)
    loopback.mute(ALICE, on=False)
    alice.wait_for("Message", lambda e: e["Info"]["ID"] == reply)
    assert not sending.is_done
    assert [m["text"] for m in loopback.messages(recipient=phone)] == ["antes"]
    loopback.disconnect(ALICE)
    assert sending.result()


@pytest.mark.parametrize(
    ("reason", "name"),
    [(401, "LOGGED_OUT"), (403, "MAIN_DEVICE_GONE"), (406, "UNKNOWN_LOGOUT")],
)
def test_some_login_failures_log_out(
    bob: NeonizeClient, loopback: Loopback, reason: int, name: str
):
    loopback.fail_logins(BOB, reason)
    event = bob.connect().wait_for("LoggedOut")
    assert event["OnConnect"] is True
    assert name in str(event["Reason"])
    wait_until(lambda: bob.do("state")[0] is False)


def test_a_ban_names_its_end(bob: NeonizeClient, loopback: Loopback):
    loopback.fail_logins(BOB, 402, code=101, expire=3600)
    event = bob.connect().wait_for("TemporaryBan")
    assert int(event["Expire"]) == 3600
    assert event["Code"]


def test_an_outdated_client_is_told(bob: NeonizeClient, loopback: Loopback):
    loopback.fail_logins(BOB, 405)
    bob.connect().wait_for("ClientOutdated")


@pytest.mark.parametrize("reason", [500, 503])
def test_a_passing_login_failure_is_tried_again(
    bob: NeonizeClient, loopback: Loopback, reason: int
):
    loopback.fail_logins(BOB, reason)
    bob.connect().wait_for("Connected")
    assert [rule["hits"] for rule in loopback.rules()] == [1]


def test_a_login_failure_that_neonize_cannot_map_ends_connect(
    bob: NeonizeClient, loopback: Loopback
):
    loopback.fail_logins(BOB, 418)
    bob.connect()
    assert bob.connection is not None
    with pytest.raises(NeonizeError, match="required field"):
        bob.connection.result()


def test_a_receipt_that_neonize_cannot_map_ends_connect_but_not_sending(
    bob: NeonizeClient, loopback: Loopback, phone: str
):
    bob.connect().wait_for("Connected")
    message_id = bob.do("send", phone, "hola")
    loopback.send_server_error_receipt(BOB, phone, message_id)
    assert bob.connection is not None
    with pytest.raises(NeonizeError, match="required field"):
        bob.connection.result()
    assert bob.do("send", phone, "todavía")


def test_a_refused_first_dial_makes_connect_raise(bob: NeonizeClient, loopback: Loopback):
    loopback.refuse_connections()
    bob.connect()
    assert bob.connection is not None
    with pytest.raises(NeonizeError):
        bob.connection.result()


def test_being_replaced_is_told(bob: NeonizeClient, loopback: Loopback):
    bob.connect().wait_for("Connected")
    loopback.replace(BOB)
    bob.wait_for("StreamReplaced")


def test_a_second_login_replaces_the_first(
    bob: NeonizeClient,
    linked_store: Path,
    new_client: Callable[..., NeonizeClient],
    tmp_path_factory: pytest.TempPathFactory,
):
    bob.connect().wait_for("Connected")
    again = new_client(store=copy_store(linked_store, tmp_path_factory.mktemp("again")))
    again.connect().wait_for("Connected")
    bob.wait_for("StreamReplaced")


def test_being_unlinked_by_the_phone(
    new_client: Callable[..., NeonizeClient], loopback: Loopback, tmp_path: Path
):
    number = "595981000006"
    client = link(new_client(), loopback, number)
    kept = copy_store(client.store, tmp_path)
    loopback.unlink(number)
    event = client.wait_for("LoggedOut")
    assert not event.get("OnConnect", False)
    assert loopback.account(number)["devices"] == []
    late = new_client(store=kept).connect()
    assert late.wait_for("LoggedOut")["OnConnect"] is True


def test_a_restarted_server_knows_everything(tmp_path: Path, phone: str):
    server = LoopbackServer(tmp_path / "own")  # the others' clients stay connected to theirs
    with server.start() as loopback:
        loopback.receipts_after(delivered_ms=None)
        bob = link(NeonizeClient(tmp_path / "bob.db", server.data_dir), loopback, BOB)
        try:
            bob.do("send", phone, "antes")
            server.stop()
            server.start().close()
            bob.wait_for("Connected", count=2)
            bob.do("send", phone, "después")
            texts = [message["text"] for message in loopback.messages(recipient=phone)]
            assert texts == ["antes", "después"]
            reply = loopback.reply(BOB, phone, "sigo aquí")
            bob.wait_for("Message", lambda e: e["Info"]["ID"] == reply)
        finally:
            bob.kill()
            server.stop()


def test_a_cold_contact_lock_spares_who_has_written(
    alice: NeonizeClient, loopback: Loopback, phone: str
):
    loopback.fail("ack_error", code=463, cold_only=True)
    with pytest.raises(NeonizeError, match="server returned error 463"):
        alice.do("send", phone, "hola")
    reply = loopback.reply(ALICE, phone, "hola")
    alice.wait_for("Message", lambda e: e["Info"]["ID"] == reply)
    assert alice.do("send", phone, "gracias por escribir")


def test_an_answer_that_never_comes_times_out(unanswered: Pending):
    with pytest.raises(NeonizeError, match="timed out waiting for message send response"):
        unanswered.result()
