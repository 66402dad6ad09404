"""An account's process, with the real neonize, RQ, Postgres and Valkey, or Valkey alone."""

import os
import signal
from datetime import timedelta

import pytest

from sender_app.domain.account import AccountStatus
from sender_app.domain.campaign import CampaignStatus, PauseReason
from sender_app.domain.contact_search import ContactQuery, OnWhatsapp
from sender_app.domain.errors import RuleViolation
from tests.stack import (
    NUMBER,
    Stack,
    account_processes,
    children,
    eventually,
    loads_go,
    settled_honestly,
)

pytestmark = pytest.mark.parametrize("kept_in", ["postgres", "redis"])


def test_it_links_by_qr_and_every_phone_gets_its_message_once(stack: Stack):
    account = stack.link()
    assert account.phone == f"+{NUMBER}"
    campaign = stack.finished(stack.send(30))
    assert (campaign.sent_count, campaign.error_count) == (30, 0)
    messages = stack.loopback.messages()
    assert {m["recipient"]: m["text"] for m in messages} == {
        f"595982{n:06d}": f"Hola Sr. Persona {n}" for n in range(30)
    }
    assert len(messages) == 30
    assert len({m["secret_hex"] for m in messages}) == 30
    eventually(lambda: stack.now(campaign).delivered_count == 30, what="delivery")


def test_it_links_by_code(stack: Stack):
    account = stack.account()
    accounts = stack.services.accounts
    accounts.request_pairing(stack.actor, account.id, "0981 000 001")

    def code() -> str | None:
        return accounts.connection_status(stack.actor, account.id, keep_pairing=True).pairing_code

    stack.loopback.enter_code(NUMBER, eventually(code, what="the code"))
    eventually(lambda: stack.status() is AccountStatus.ONLINE, what="online")
    assert accounts.connection_status(stack.actor, account.id).pairing_code is None


def test_it_keeps_the_go_library_out_of_every_process_but_the_accounts(stack: Stack):
    stack.link()
    everyone = [stack.process.pid, *children(stack.process.pid)]
    with_go = [pid for pid in everyone if loads_go(pid)]
    assert len(with_go) == 1
    assert len(everyone) >= 6  # supervisor, cron, control, jobs, webhooks, accounts


def test_its_log_asks_for_no_program_that_it_does_without(stack: Stack):
    stack.link()
    assert "ffmpeg" not in stack.log.read_text()


def test_a_process_that_dies_takes_nothing_with_it_and_nobody_gets_a_message_twice(stack: Stack):
    stack.link()
    campaign = stack.send(120)
    for n in (20, 60):
        eventually(lambda n=n: stack.now(campaign).sent_count >= n, what="progress")
        for pid in account_processes(stack.process.pid):
            os.kill(pid, signal.SIGKILL)
    settled_honestly(stack, campaign, kills=2)


def test_a_worker_killed_in_the_middle_goes_on_after_its_restart(stack: Stack):
    stack.link()
    with stack.at_leisure():
        campaign = stack.send(100)
        eventually(lambda: stack.now(campaign).sent_count >= 20, what="progress")
        stack.kill_worker()
    assert stack.now(campaign).status is CampaignStatus.RUNNING
    stack.start_worker()
    settled_honestly(stack, campaign, kills=1)


def test_it_ends_in_good_order_on_sigterm_and_goes_on_later(stack: Stack):
    stack.link()
    with stack.at_leisure():
        campaign = stack.send(200)
        eventually(lambda: stack.now(campaign).sent_count >= 20, what="progress")
        assert stack.stop_worker() == 0
    stopped = stack.now(campaign)
    assert 20 <= stopped.sent_count < 200
    assert stopped.unconfirmed_count == 0
    assert len(stack.loopback.count()) == stopped.sent_count
    stack.start_worker()
    assert stack.finished(campaign).sent_count == 200
    assert sorted(stack.loopback.count().values()) == [1] * 200


def test_a_connected_account_goes_by_a_pace_and_words_that_were_just_chosen(stack: Stack):
    stack.link()
    stack.finished(stack.send(2))

    def choose(interval: int) -> None:
        workspace = stack.services.workspaces.get_workspace(stack.actor)
        stack.services.workspaces.update_workspace(
            stack.actor,
            name=workspace.name,
            default_country=workspace.default_country,
            time_zone=workspace.time_zone,
            language=workspace.language,
            pacing={"interval": interval, "jitter": 0},
        )

    choose(3600)
    campaign = stack.send(5)
    stack.services.workspaces.update_opt_out(stack.actor, "NUNCA MÁS", "")
    phone = "+595982000001"

    def is_heard() -> bool:
        stack.loopback.reply(NUMBER, phone[1:], "nunca más")
        return bool(stack.store.deliveries.opted_out(stack.actor.workspace_id, [phone]))

    eventually(is_heard, what="the opt-out")
    assert stack.now(campaign).sent_count == 0  # an hour from the last one
    choose(0)
    done = stack.finished(campaign)
    assert (done.sent_count, done.skipped_count) == (4, 1)


def test_pause_and_resume_hold_before_the_next_message(stack: Stack):
    stack.link()
    with stack.at_leisure():
        campaign = stack.send(150)
        eventually(lambda: stack.now(campaign).sent_count >= 10, what="progress")
        stack.services.campaigns.pause(stack.actor, campaign.id)
    eventually(lambda: not stack.store.deliveries.running(stack.account().id), what="pause")
    eventually(
        lambda: stack.now(campaign).sent_count == len(stack.loopback.count()),
        what="the record",
    )
    held = stack.now(campaign)
    assert held.status is CampaignStatus.PAUSED
    assert held.sent_count < 150
    stack.services.campaigns.resume(stack.actor, campaign.id)
    assert stack.finished(campaign).sent_count == 150
    assert sorted(stack.loopback.count().values()) == [1] * 150


def test_a_number_without_whatsapp_fails_and_the_others_get_theirs(stack: Stack):
    stack.link()
    stack.loopback.fail("not_on_whatsapp", recipient="595982000003")
    campaign = stack.finished(stack.send(6))
    assert (campaign.sent_count, campaign.error_count) == (5, 1)
    rows = stack.services.campaigns.recipients(stack.actor, campaign.id).rows
    assert [row.error_code for row in rows if row.error_code] == ["not_on_whatsapp"]


def test_who_answers_baja_is_never_written_to_again(stack: Stack):
    stack.link()
    stack.finished(stack.send(3))
    stack.loopback.reply(NUMBER, "595982000001", "  ¡Baja!  ")
    phone = "+595982000001"
    workspace = stack.actor.workspace_id
    eventually(lambda: stack.store.deliveries.opted_out(workspace, [phone]), what="the opt-out")
    stack.loopback.reply(NUMBER, "595982000001", "baja")  # one confirmation is enough
    campaign = stack.finished(stack.send(3))
    assert (campaign.sent_count, campaign.skipped_count) == (2, 1)
    got = [m["text"] for m in stack.loopback.messages() if m["recipient"] == "595982000001"]
    assert got == ["Hola Sr. Persona 1", "Listo: no volveremos a escribirle."]


def test_a_workspace_chooses_its_words_and_says_nothing_more(stack: Stack):
    stack.services.workspaces.update_opt_out(stack.actor, "No más", "")
    stack.link()
    stack.finished(stack.send(2))
    stack.loopback.reply(NUMBER, "595982000000", "baja")
    stack.loopback.reply(NUMBER, "595982000001", "no mas!")
    workspace = stack.actor.workspace_id
    eventually(lambda: stack.store.opt_outs.count(workspace), what="the opt-out")
    account = stack.account()
    eventually(lambda: not stack.store.opt_outs.answers_due(account.id, 1), what="crossing off")
    assert [o.phone for o in stack.services.opt_outs.page(stack.actor).rows] == ["+595982000001"]
    assert stack.loopback.count() == {"595982000000": 1, "595982000001": 1}


def test_numbers_are_looked_up_on_whatsapp_when_somebody_asks(stack: Stack):
    stack.link()
    stack.finished(stack.send(3))
    eventually(lambda: stack.status() is AccountStatus.OFFLINE, what="rest")
    stack.loopback.fail("not_on_whatsapp", recipient="595982000002")
    contacts = stack.services.contacts
    ids = [row.id for row in contacts.page(stack.actor).rows]
    assert contacts.check_on_whatsapp(stack.actor, ids) == 3
    absent = ContactQuery(whatsapp=OnWhatsapp.ABSENT)
    eventually(lambda: contacts.page(stack.actor, absent).rows, what="the look-up")
    assert [row.phone for row in contacts.page(stack.actor, absent).rows] == ["+595982000002"]
    assert contacts.count(stack.actor, ContactQuery(whatsapp=OnWhatsapp.PRESENT)).n == 2
    eventually(lambda: stack.status() is AccountStatus.OFFLINE, what="rest")  # it looks once more


def test_a_baja_that_came_while_nobody_was_connected_is_honoured(stack: Stack):
    stack.link()
    stack.finished(stack.send(3))
    eventually(lambda: stack.status() is AccountStatus.OFFLINE, what="rest")
    stack.loopback.reply(NUMBER, "595982000002", "STOP")
    campaign = stack.finished(stack.send(3))
    assert (campaign.sent_count, campaign.skipped_count) == (2, 1)


def test_answers_are_fetched_soon_and_at_once_while_somebody_waits_for_them(stack: Stack):
    stack.link()
    stack.finished(stack.send(3))
    eventually(lambda: stack.status() is AccountStatus.OFFLINE, what="rest")
    resting = stack.account()
    assert resting.wake_at is not None
    assert resting.last_online_at is not None
    assert resting.wake_at - resting.last_online_at < timedelta(hours=1)
    stack.loopback.reply(NUMBER, "595982000002", "Gracias")
    stack.services.conversations.listen(stack.actor)
    eventually(lambda: stack.services.conversations.unread(stack.actor) == 1, what="the answer")


def test_it_says_when_whatsapp_cannot_be_reached_and_goes_on_trying(stack: Stack):
    stack.link()
    eventually(lambda: stack.status() is AccountStatus.OFFLINE, what="rest")
    stack.loopback.happen(NUMBER, "refuse_connections")
    campaign = stack.send(3)
    eventually(lambda: stack.status() is AccountStatus.UNREACHABLE, what="the news")
    stack.loopback.happen(NUMBER, "refuse_connections", on=False)
    assert stack.finished(campaign).sent_count == 3


def test_a_logout_on_the_phone_pauses_with_the_reason_and_linking_again_loses_nothing(stack: Stack):
    stack.link()
    with stack.at_leisure():
        campaign = stack.send(300)
        eventually(lambda: stack.now(campaign).sent_count >= 20, what="progress")
        stack.loopback.unlink(NUMBER)
    eventually(lambda: stack.now(campaign).status is CampaignStatus.PAUSED, what="the log-out")
    assert stack.now(campaign).pause_reason is PauseReason.LOGGED_OUT
    assert stack.status() is AccountStatus.LOGGED_OUT
    with pytest.raises(RuleViolation):
        stack.send(1)
    stack.link()
    stack.services.campaigns.resume(stack.actor, campaign.id)
    settled_honestly(stack, campaign, kills=1)


@pytest.mark.parametrize("alive", [True, False], ids=["alive", "dead"])
def test_what_left_is_known_though_the_phone_removed_the_device(stack: Stack, alive: bool):
    stack.link()
    stack.loopback.fail("ack_withheld")
    campaign = stack.send(3)
    eventually(stack.loopback.count, what="a message on a phone")
    if not alive:
        stack.kill_worker()
    reached = stack.loopback.count()
    assert list(reached.values()) == [1]
    stack.loopback.heal()
    stack.loopback.unlink(NUMBER)
    if not alive:
        stack.start_worker()
    eventually(lambda: stack.now(campaign).status is CampaignStatus.PAUSED, what="the log-out")
    stack.link()
    stack.services.campaigns.resume(stack.actor, campaign.id)
    settled_honestly(stack, campaign, kills=1)
    assert sorted(stack.loopback.count().values()) == [1, 1, 1]


def test_unlinking_removes_the_device_on_the_phone_too(stack: Stack):
    account = stack.link()
    stack.services.accounts.unlink(stack.actor, account.id)
    eventually(lambda: stack.status() is AccountStatus.UNLINKED, what="unlinking")
    assert [a["devices"] for a in stack.loopback.accounts()] == [[]]


def test_accounts_of_the_server_survive_its_restart(stack: Stack):
    stack.link()
    eventually(lambda: stack.status() is AccountStatus.OFFLINE, what="rest")
    stack.stop_worker()
    stack.whatsapp.stop()
    stack.whatsapp.start()
    stack.start_worker()
    assert stack.finished(stack.send(3)).sent_count == 3
