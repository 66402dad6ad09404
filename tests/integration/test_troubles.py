"""What WhatsApp can answer, and what Sender makes of it."""

import pytest

from sender_app.domain.account import AccountStatus
from sender_app.domain.campaign import CampaignStatus, PauseReason
from tests.stack import NUMBER, Stack, account_processes, eventually


@pytest.mark.parametrize(
    ("rule", "status", "reason"),
    [
        (
            {"code": 402, "ban_code": 101, "expire": 3600},
            AccountStatus.BANNED,
            PauseReason.BANNED,
        ),
        ({"code": 418}, AccountStatus.REFUSED, PauseReason.REFUSED),
        ({"code": 405}, AccountStatus.OUTDATED, PauseReason.OUTDATED),
        ({"code": 409}, AccountStatus.REFUSED, PauseReason.REFUSED),
        ({"code": 401}, AccountStatus.LOGGED_OUT, PauseReason.LOGGED_OUT),
    ],
)
def test_a_login_that_fails_pauses_with_the_reason(
    stack: Stack, rule: dict[str, int], status: AccountStatus, reason: PauseReason
):
    stack.link()
    eventually(lambda: stack.status() is AccountStatus.OFFLINE, what="rest")
    stack.loopback.fail("login_failure", count=1, **rule)
    campaign = stack.send(3)
    eventually(lambda: stack.now(campaign).status is CampaignStatus.PAUSED, what="the pause")
    assert stack.now(campaign).pause_reason is reason
    account = stack.account()
    assert account.status is status
    assert (account.session_id is None) == (reason is PauseReason.LOGGED_OUT)
    assert (account.status_until is not None) == (reason is PauseReason.BANNED)
    if account.session_id:  # credentials are kept, so resuming is all that it takes
        stack.services.campaigns.resume(stack.actor, campaign.id)
        assert stack.finished(campaign).sent_count == 3


@pytest.mark.parametrize("kept_in", ["postgres", "redis"])
def test_a_session_that_is_replaced_keeps_its_credentials(stack: Stack):
    stack.link()
    with stack.at_leisure():
        campaign = stack.send(300)
        eventually(lambda: stack.now(campaign).sent_count >= 10, what="progress")
        stack.loopback.happen(NUMBER, "replaced")  # an older process of our own might do this once
        eventually(lambda: stack.account().replaced_at is not None, what="the news")
        reached = stack.now(campaign).sent_count
        eventually(lambda: stack.now(campaign).sent_count > reached, what="going on")
        stack.loopback.happen(NUMBER, "replaced")
        eventually(lambda: stack.now(campaign).status is CampaignStatus.PAUSED, what="the pause")
    assert stack.now(campaign).pause_reason is PauseReason.REPLACED
    assert stack.account().session_id is not None


def test_the_cold_contact_lock_holds_back_strangers_only_and_says_until_when(stack: Stack):
    stack.link()
    stack.finished(stack.send(2))  # people 0 and 1 are known from now on
    eventually(lambda: _delivered(stack) == 2, what="delivery")
    stack.loopback.fail("ack_error", code=463, recipient="595982000002", count=1)
    campaign = stack.send(4)
    eventually(lambda: stack.account().cold_locked_until is not None, what="the lock")
    eventually(lambda: stack.now(campaign).sent_count >= 2, what="the known people")
    # Whoever met the lock is put back after it is told.
    eventually(lambda: any(row.error_code for row in _rows(stack, campaign.id)), what="the hold")
    rows = {row.phone: row for row in _rows(stack, campaign.id)}
    assert rows["+595982000000"].status == rows["+595982000001"].status == "sent"
    assert stack.now(campaign).status is CampaignStatus.RUNNING
    held = rows["+595982000002"]
    assert (held.status.value, held.error_code) == ("queued", "cold_contact_locked")
    stack.store.accounts.lock_cold(stack.account().id, None)  # the day is over
    stack.store.accounts.wake(stack.account().id)
    assert stack.finished(campaign).sent_count == 4


def test_it_slows_down_when_whatsapp_asks_for_it(stack: Stack):
    stack.link()
    stack.loopback.fail("ack_error", code=429, count=1)
    campaign = stack.send(3)
    eventually(lambda: _rows(stack, campaign.id)[0].error_code == "rate_limited", what="the hold")
    assert stack.now(campaign).status is CampaignStatus.RUNNING
    assert stack.now(campaign).error_count == 0


@pytest.mark.parametrize("kept_in", ["postgres", "redis"])
def test_a_send_that_is_stuck_costs_its_process_and_nobody_a_message(stack: Stack):
    stack.link()
    assert stack.stop_worker() == 0
    stack.start_worker(SEND_LIMIT="2")
    stack.finished(stack.send(1, start=100))
    before = account_processes(stack.process.pid)
    stack.loopback.fail("ack_withheld", count=1)
    campaign = stack.send(5)
    eventually(lambda: account_processes(stack.process.pid) not in ([], before), what="a new one")
    eventually(lambda: stack.now(campaign).sent_count == 5, what="receipts settling the first")
    assert sorted(stack.loopback.count().values()) == [1] * 6


def test_a_rejected_recipient_fails_and_can_be_tried_again(stack: Stack):
    stack.link()
    stack.loopback.fail("ack_error", code=479, recipient="595982000001", count=1)
    campaign = stack.finished(stack.send(3))
    assert (campaign.sent_count, campaign.error_count) == (2, 1)
    assert stack.services.campaigns.retry_failed(stack.actor, campaign.id) == 1
    assert stack.finished(campaign).sent_count == 3
    assert sorted(stack.loopback.count().values()) == [1] * 3


def _rows(stack: Stack, campaign_id):
    return stack.services.campaigns.recipients(stack.actor, campaign_id).rows


def _delivered(stack: Stack) -> int:
    campaigns = stack.services.campaigns.list_campaigns(stack.actor).rows
    return sum(campaign.delivered_count for campaign in campaigns)
