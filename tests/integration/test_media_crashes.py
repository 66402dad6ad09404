"""The account's process dies between the messages of one person: none is lost, none comes twice."""

import os
import random
import signal
import time
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta

import pytest

from sender_app.domain.campaign import Campaign
from sender_app.domain.content import Attachment
from sender_app.ports.store.campaigns import RecipientRow
from tests.aging import age_claims, parts_in_doubt
from tests.files import picture
from tests.stack import Stack, account_processes, eventually

COLOURS = ("red", "green", "blue")
KILLS = int(os.environ.get("CHAOS_KILLS", "6"))


def send_photos(stack: Stack, people: int) -> Campaign:
    """Three photos for each, their captions being their order."""
    if not stack.account().is_linked:
        stack.link()
    photos = [stack.add_media(picture(colour=colour), f"{colour}.jpg") for colour in COLOURS]
    return stack.send(people, "", attachments=[Attachment(p.id, p.filename) for p in photos])


def captions(stack: Stack) -> dict[str, list[str]]:
    """What each phone got, in order."""
    got = defaultdict(list)
    for message in stack.loopback.messages(limit=10_000):
        got[message["recipient"]].append(message["caption"].removesuffix(".jpg"))
    return got


def kill_account(stack: Stack) -> None:
    for pid in account_processes(stack.process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def hit(stack: Stack, rule_id: int) -> bool:
    return any(rule["id"] == rule_id and rule["hits"] for rule in stack.loopback.rules())


def row(stack: Stack, campaign: Campaign) -> RecipientRow:
    return stack.services.campaigns.recipients(stack.actor, campaign.id).rows[0]


@pytest.mark.parametrize("part", [0, 1, 2])
def test_what_left_before_the_process_died_is_not_sent_again_and_the_rest_follows(
    stack: Stack, part: int
):
    """The phone has the part, but the process is dead before it hears that."""
    rule = stack.loopback.fail("ack_delayed", after=part, count=1, delay_ms=20_000)
    campaign = send_photos(stack, 1)
    eventually(lambda: hit(stack, rule), what="the part on its way")
    kill_account(stack)
    done = stack.finished(campaign)
    eventually(lambda: stack.now(campaign).sent_count == 1, what="receipts of what had left")
    assert (done.error_count, done.skipped_count) == (0, 0)
    assert captions(stack) == {"595982000000": list(COLOURS)}
    eventually(lambda: stack.now(campaign).delivered_count == 1, what="delivery")
    assert row(stack, campaign).parts_sent == 3


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_part_that_left_and_never_came_is_in_doubt_and_only_a_person_has_it_sent_again(
    stack: Stack, part: int
):
    """The frame is on the wire, and lost with the process."""
    rule = stack.loopback.fail("drop_before_delivery", after=part, count=1, delay_ms=20_000)
    campaign = send_photos(stack, 1)
    eventually(lambda: hit(stack, rule), what="the part on its way")
    kill_account(stack)
    stack.finished(campaign)
    others = [colour for n, colour in enumerate(COLOURS) if n != part]
    assert captions(stack) == {"595982000000": others}
    assert row(stack, campaign).status == "unconfirmed"
    age_claims(stack.store, campaign, timedelta(days=1))  # its grace is over
    assert row(stack, campaign).status == "unconfirmed"  # other parts' receipts do not settle it
    campaigns = stack.services.campaigns
    assert campaigns.resolve_unconfirmed(stack.actor, campaign.id, [], sent=False) == 1
    done = stack.finished(campaign)
    assert (done.sent_count, done.unconfirmed_count) == (1, 0)
    assert captions(stack) == {"595982000000": [*others, COLOURS[part]]}


def test_a_person_may_take_a_part_in_doubt_as_sent(stack: Stack):
    rule = stack.loopback.fail("drop_before_delivery", after=1, count=1, delay_ms=20_000)
    campaign = send_photos(stack, 1)
    eventually(lambda: hit(stack, rule), what="the part on its way")
    kill_account(stack)
    stack.finished(campaign)
    age_claims(stack.store, campaign, timedelta(days=1))
    campaigns = stack.services.campaigns
    assert campaigns.resolve_unconfirmed(stack.actor, campaign.id, [], sent=True) == 1
    done = stack.now(campaign)
    assert (done.sent_count, done.unconfirmed_count) == (1, 0)
    assert captions(stack) == {"595982000000": ["red", "blue"]}


def test_a_stuck_part_costs_the_process_and_the_next_one_goes_on_behind_it(stack: Stack):
    stack.link()
    assert stack.stop_worker() == 0
    stack.start_worker(SEND_LIMIT="2")
    stack.loopback.fail("ack_withheld", after=1, count=1)
    campaign = send_photos(stack, 2)
    eventually(lambda: stack.now(campaign).sent_count == 2, what="receipts settling it")
    assert captions(stack) == {
        "595982000000": list(COLOURS),
        "595982000001": list(COLOURS),
    }


def test_a_line_that_drops_between_parts_loses_and_doubles_nothing(stack: Stack):
    stack.loopback.fail("drop_after_delivery", after=1, count=1)
    stack.loopback.fail("drop_before_delivery", after=4, count=1)
    campaign = send_photos(stack, 3)
    eventually(lambda: stack.now(campaign).sent_count == 3, what="the end")
    got = captions(stack)
    assert {phone: sorted(order) for phone, order in got.items()} == {
        f"595982{n:06d}": sorted(COLOURS) for n in range(3)
    }


def test_cancelling_between_two_attempts_says_who_got_only_a_part(stack: Stack):
    stack.loopback.fail("ack_error", code=500, after=1, count=1)
    campaign = send_photos(stack, 1)
    eventually(lambda: row(stack, campaign).error_code == "unavailable", what="the first attempt")
    assert row(stack, campaign).parts_sent == 1
    stack.services.campaigns.cancel(stack.actor, campaign.id)
    assert (row(stack, campaign).status, row(stack, campaign).error_code) == (
        "skipped",
        "sent_in_part",
    )
    assert captions(stack) == {"595982000000": ["red"]}


def test_killed_at_any_moment_nobody_gets_a_part_twice_or_out_of_order(stack: Stack):
    dice = random.Random(int(os.environ.get("CHAOS_SEED", "20261124")))  # noqa: S311
    people = 15 * KILLS
    with stack.at_leisure(20):  # the last blow comes before the last part
        campaign = send_photos(stack, people)
        for _ in range(KILLS):
            before = stack.loopback.total()
            eventually(lambda before=before: stack.loopback.total() > before, what="progress")
            time.sleep(dice.uniform(0, 0.12))
            kill_account(stack)
    eventually(lambda: stack.now(campaign).settled == people, what="the end")
    eventually(lambda: stack.now(campaign).unconfirmed_count <= KILLS, what="receipts")
    got = captions(stack)
    rows = stack.services.campaigns.recipients(stack.actor, campaign.id, limit=10_000).rows
    assert len(rows) == people
    doubts = parts_in_doubt(stack.store, campaign)
    assert sum(map(len, doubts.values())) <= KILLS
    for one in rows:
        assert one.status == ("unconfirmed" if doubts[one.id] else "sent"), one
        order = [COLOURS.index(colour) for colour in got[one.phone[1:]]]
        assert order == sorted(set(order)), (one, order)
        assert set(range(3)) - set(order) <= doubts[one.id], (one, order)
    assert stack.now(campaign).sent_count == sum(one.status == "sent" for one in rows)
