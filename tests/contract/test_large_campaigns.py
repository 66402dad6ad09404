"""Campaigns of so many people that Postgres writes them by two transactions, and what is left when
one of these fails."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign, CampaignStatus
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.delivery import Claim
from sender_app.domain.errors import RuleViolation
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.store.contacts import Contact
from sender_app.stores.postgres.beside import beside
from sender_app.stores.postgres.engine import Database
from tests.contract.clinic import NOW, TTL, Clinic
from tests.stack import eventually

PART, PARTS = 1_200, 3  # rows of a batch, which are more than are written at once; batches


def phone(n: int) -> str:
    return f"+595982{n:06d}"


def batches(first: int = 0, name: str = "Persona") -> list[ContactBatch]:
    """People in the reverse of their phones' order, as a reader gives them."""
    people = [
        AudienceRow(n + 2, phone(first + PART * PARTS - n), f"{name} {n}", "Sr.", f"G{n % 3}")
        for n in range(PART * PARTS)
    ]
    return [ContactBatch.of(people[n : n + PART]) for n in range(0, len(people), PART)]


def create(clinic: Clinic, rows: Sequence[ContactBatch] | Iterator[ContactBatch]) -> Campaign:
    new = NewCampaign(clinic.account.id, "Turnos", "Hola {nombre}", CampaignStatus.RUNNING, {})
    return clinic.store.campaigns.create(clinic.workspace.id, "alice", new, rows, ("nombre",))


def phones_of(clinic: Clinic, campaign: Campaign) -> list[str]:
    page = clinic.store.campaigns.recipients(campaign.id, None, None, PART * PARTS + 10)
    return [row.phone for row in page.rows]


def claims_of(clinic: Clinic, campaign: Campaign) -> list[Claim]:
    lease = clinic.store.leases.take(clinic.account.id, uuid4().hex, TTL)
    assert lease is not None
    claims = clinic.store.deliveries.claim(lease, campaign.id, None, PART * PARTS + 10, False)
    clinic.store.leases.release(lease)
    return list(claims)


def book(clinic: Clinic) -> dict[str, tuple[UUID, str]]:
    return {one.phone: (one.id, one.nombre) for one in everything(clinic).values()}


def everything(clinic: Clinic) -> dict[UUID, Contact]:
    pages = clinic.store.contacts.export(clinic.workspace.id, ContactQuery(), 500)
    return {one.id: one for page in pages for one in page}


@pytest.fixture
def clinic(clinic: Clinic) -> Clinic:
    """One without people: what it had is cancelled and deleted."""
    campaigns, statuses = clinic.store.campaigns, frozenset(CampaignStatus)
    campaigns.move(clinic.campaign.id, statuses, CampaignStatus.CANCELLED)
    clinic.store.contacts.delete(clinic.workspace.id, [id for id, _ in book(clinic).values()])
    return clinic


def test_everybody_is_a_recipient_in_the_order_of_the_rows_with_the_contact_of_the_book(
    clinic: Clinic,
):
    campaign = create(clinic, iter(batches()))
    wanted = [phone(PART * PARTS - n) for n in range(PART * PARTS)]
    assert campaign.total_recipients == PART * PARTS
    assert phones_of(clinic, campaign) == wanted
    contacts = book(clinic)
    assert {p: name for p, (_, name) in contacts.items()} == {
        p: f"Persona {n}" for n, p in enumerate(wanted)
    }
    claims = claims_of(clinic, campaign)
    assert [claim.phone for claim in claims] == wanted
    assert [claim.contact_id for claim in claims] == [contacts[p][0] for p in wanted]


def test_of_known_and_new_people_each_is_the_contact_that_there_is(clinic: Clinic):
    create(clinic, batches())
    known = book(clinic)
    half = PART * PARTS // 2
    second = create(clinic, batches(half, "Otra"))
    contacts = book(clinic)
    assert len(contacts) == PART * PARTS + half
    assert {p: contacts[p][0] for p in known} == {p: id for p, (id, _) in known.items()}
    changed = {p for p in known if contacts[p][1] != known[p][1]}
    assert changed == {phone(half + n) for n in range(1, half + 1)}
    claims = claims_of(clinic, second)
    assert [claim.contact_id for claim in claims] == [contacts[claim.phone][0] for claim in claims]
    assert [claim.fields["nombre"] for claim in claims] == [
        f"Otra {n}" for n in range(PART * PARTS)
    ]


def test_the_same_file_once_more_changes_no_contact(clinic: Clinic):
    create(clinic, batches())
    before = everything(clinic)
    again = create(clinic, batches())
    assert everything(clinic) == before
    assert again.total_recipients == PART * PARTS
    assert {claim.contact_id for claim in claims_of(clinic, again)} == before.keys()


def test_who_comes_again_in_a_later_part_is_one_recipient(clinic: Clinic):
    first, second, third = batches()
    again = [AudienceRow(90_000 + n, phone(n), "", "", "G9") for n in (1, PART * PARTS)]
    last = replace(ContactBatch.of(again), repeated=2)
    campaign = create(clinic, [first, second, third, last])
    assert campaign.total_recipients == PART * PARTS
    assert phones_of(clinic, campaign) == [phone(PART * PARTS - n) for n in range(PART * PARTS)]
    contacts = book(clinic)
    assert contacts[phone(PART * PARTS)][1] == "Persona 0"
    claims = claims_of(clinic, campaign)
    assert (claims[0].fields["grupo"], claims[-1].fields["grupo"]) == ("G9", "G9")


def test_a_blank_cell_in_the_last_part_leaves_nothing_behind(clinic: Clinic):
    first, second, _third = batches()
    nameless = ContactBatch.of([AudienceRow(90_000, phone(999_999))])
    with pytest.raises(RuleViolation) as problem:
        create(clinic, [first, second, nameless])
    assert (problem.value.params["count"], problem.value.params["rows"]) == (1, "90000")
    assert book(clinic) == {}
    assert len(clinic.store.campaigns.list(clinic.workspace.id, None, 10).rows) == 1


def loose(url: str) -> tuple[int, int]:
    """How many recipients have no campaign, and how many campaigns are named as having them."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM campaign_recipients r WHERE NOT EXISTS ("
            "  SELECT FROM campaigns c WHERE c.id = r.campaign_id)),"
            " (SELECT count(*) FROM loose_recipients)"
        ).fetchone()
    assert row is not None
    return row


def test_nothing_is_loose_after_a_campaign_nor_after_a_file_that_broke_off(
    clinic: Clinic, database_url: str
):
    create(clinic, batches())
    assert loose(database_url) == (0, 0)

    def broken() -> Iterator[ContactBatch]:
        yield from batches(name="Otra")
        raise RuleViolation("sheet_damaged")

    with pytest.raises(RuleViolation):
        create(clinic, broken())
    assert loose(database_url) == (0, 0)
    assert book(clinic)[phone(1)][1] == f"Persona {PART * PARTS - 1}"


def test_somebody_who_adds_one_of_the_people_in_that_moment_is_whom_the_recipient_names(
    clinic: Clinic, database_url: str
):
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'transactionid'"

    def commit_once_awaited(other: psycopg.Connection) -> None:
        with psycopg.connect(database_url, autocommit=True) as looker:
            eventually(lambda: looker.execute(waiting).fetchone() != (0,), what="waiting")
        other.commit()

    with psycopg.connect(database_url) as other:
        added = other.execute(
            "INSERT INTO contacts (workspace_id, user_id, phone, nombre)"
            " VALUES (%s, 'bob', %s, 'Bob''s') RETURNING id",
            (clinic.workspace.id, phone(5)),
        ).fetchone()
        thread = threading.Thread(target=commit_once_awaited, args=(other,))
        thread.start()
        campaign = create(clinic, batches())
        thread.join()
    contacts = book(clinic)
    assert added == (contacts[phone(5)][0],)
    claims = claims_of(clinic, campaign)
    assert [claim.contact_id for claim in claims] == [contacts[claim.phone][0] for claim in claims]


@contextmanager
def written_beside(database: Database, campaign_id: UUID, people: int) -> Iterator[None]:
    """A creation whose recipients are committed, and nothing else yet; it commits at the end."""
    insert = (
        "INSERT INTO campaign_recipients (campaign_id, phone)"
        " SELECT %(campaign)s, n::text FROM generate_series(1, %(people)s) n"
    )
    with database.transaction() as cursor:
        with beside(database, campaign_id) as other:
            other.execute(insert, {"campaign": campaign_id, "people": people})
        yield
        other.join(cursor)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


class PowerCut(Exception):
    """Whatever keeps the second commit from happening."""


def test_recipients_whose_campaign_never_came_are_seen_by_nobody_and_swept(
    clinic: Clinic, database: Database, database_url: str
):
    broken_off, running = uuid4(), create(clinic, batches())
    with pytest.raises(PowerCut), written_beside(database, broken_off, people=25):
        raise PowerCut
    assert loose(database_url) == (25, 1)
    assert len(clinic.store.campaigns.list(clinic.workspace.id, None, 10).rows) == 2
    hour, upkeep = timedelta(hours=1), clinic.store.upkeep
    assert upkeep.forget_loose_recipients(NOW - hour, 10) == 0, "it may still be written"
    swept = [upkeep.forget_loose_recipients(NOW + hour, 10) for _ in range(4)]
    assert swept == [10, 10, 5, 0]
    assert loose(database_url) == (0, 0)
    assert len(phones_of(clinic, running)) == PART * PARTS


def test_who_sweeps_leaves_alone_what_is_about_to_be_a_campaigns(
    clinic: Clinic, database: Database, database_url: str
):
    upkeep, later = clinic.store.upkeep, NOW + timedelta(hours=1)
    campaign = uuid4()
    with database.transaction() as cursor:
        with beside(database, campaign) as other:
            statement = "INSERT INTO campaign_recipients (campaign_id, phone) VALUES (%(c)s, '+1')"
            other.execute(statement, {"c": campaign})
        other.join(cursor)
        assert upkeep.forget_loose_recipients(later, 10) == 0
    assert loose(database_url) == (1, 0)  # this test writes no campaign


def test_what_was_swept_becomes_no_campaigns(clinic: Clinic, database: Database):
    later = NOW + timedelta(hours=1)
    with pytest.raises(RuntimeError, match="swept"), written_beside(database, uuid4(), people=3):
        assert clinic.store.upkeep.forget_loose_recipients(later, 10) == 3


def test_a_statement_that_fails_leaves_nothing_of_those_before_it(
    database: Database, database_url: str
):
    campaign = uuid4()
    insert = "INSERT INTO campaign_recipients (campaign_id, phone) VALUES (%(campaign)s, %(phone)s)"

    def write() -> None:
        with beside(database, campaign) as other:
            for number in ("+1", None, "+2", "+3", "+4", "+5"):
                other.execute(insert, {"campaign": campaign, "phone": number})

    with pytest.raises(psycopg.errors.NotNullViolation):
        write()
    assert loose(database_url) == (0, 0)
