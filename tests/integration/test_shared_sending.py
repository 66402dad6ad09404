"""Two accounts send one campaign, with the real parts and virtual phones."""

from collections import Counter

import pytest

from sender_app.domain.account import AccountStatus
from sender_app.domain.campaign import Campaign, CampaignStatus
from sender_app.services.drafts import Draft
from tests.stack import NUMBER, Stack, eventually, settled_honestly

SECOND = "595981000002"


def launch(stack: Stack, people: int) -> Campaign:
    """A campaign of two accounts, linked by then."""
    first = stack.link()
    second = stack.services.accounts.create_account(stack.actor, "Soporte")
    stack.link(second, SECOND)
    rows = "".join(f"0982{n:06d},Sr.,Persona {n},G{n % 3}\n" for n in range(people))
    file = stack.services.imports.check_file(stack.actor, "x.csv", rows.encode())
    drafts = stack.services.drafts
    draft = Draft(
        first.id, "Juntas", ("Hola {nombre}",), file.file_id, "x.csv", more_accounts=(second.id,)
    )
    campaign = drafts.create_draft(stack.actor, draft)
    assert drafts.get_draft(stack.actor, campaign.id) == draft
    look = drafts.preflight(stack.actor, campaign.id)
    assert (look.counts.people, look.problem) == (people, None)
    return drafts.launch(stack.actor, campaign.id, people)


def senders(stack: Stack) -> Counter[str]:
    """How many messages left from each number."""
    return Counter(message["account"] for message in stack.loopback.messages())


@pytest.mark.parametrize("kept_in", ["postgres", "redis"])
def test_two_accounts_share_a_campaign_and_every_phone_gets_it_once(stack: Stack):
    with stack.at_leisure():  # the one is not done before the other has begun
        campaign = launch(stack, 500)
        eventually(lambda: senders(stack).keys() == {NUMBER, SECOND}, what="both at work")
    campaign = stack.finished(campaign)
    assert campaign.sent_count == 500
    assert sorted(stack.loopback.count().values()) == [1] * 500
    shares = senders(stack)
    assert shares.keys() == {NUMBER, SECOND}
    health = stack.services.accounts.list_health(stack.actor)
    assert {one.account.phone: one.sent_today for one in health} == {
        f"+{number}": count for number, count in shares.items()
    }


def test_the_other_account_goes_on_when_one_is_logged_out(stack: Stack):
    with stack.at_leisure():
        campaign = launch(stack, 500)
        eventually(lambda: senders(stack).keys() == {NUMBER, SECOND}, what="both at work")
        stack.loopback.unlink(NUMBER)
    eventually(lambda: stack.status() is AccountStatus.LOGGED_OUT, what="the log-out")
    assert stack.now(campaign).status is not CampaignStatus.PAUSED
    settled_honestly(stack, campaign, kills=1)
