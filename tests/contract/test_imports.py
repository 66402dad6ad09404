"""What every store promises of imports; each adapter passes the same tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from sender_app.domain.audience import AudienceRow, BadRow
from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.contact_import import ContactImport, Counts, ImportStatus, Layout, sources
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Store
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.store.imports import NewImport
from tests.stack import eventually

DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
LAYOUT = Layout(
    *("text", "utf-8", ","), ("Tel", "Nombre"), 2, 2, ("numero", "nombre"), (("0981", "Ana"),)
)
ANA, LUIS, EVA = "+595981000001", "+595981000002", "+595981000003"


class Desk:
    """A workspace with an import that a person ordered, the way that most tests want it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.workspace = store.workspaces.ensure("alice", "Alice", DEFAULTS)
        self.id = self.new().id

    def new(self) -> ContactImport:
        new = NewImport(uuid4(), "clientes.csv", 17, "PY", LAYOUT)
        return self.store.imports.create(self.workspace.id, "alice", new)

    def move(self, move: str, target: ImportStatus) -> ContactImport | None:
        return self.store.imports.move(self.id, sources(move), target)

    def importing(self) -> ContactImport:
        """An import whose job has begun."""
        self.move("check", ImportStatus.CHECKING)
        work = self.store.imports.begin(self.id)
        assert work is not None
        assert self.store.imports.checked(work, Counts(good=1), [], [])
        self.move("start", ImportStatus.IMPORTING)
        work = self.store.imports.begin(self.id)
        assert work is not None
        return work

    def commit(self, *rows: AudienceRow) -> bool:
        work = self.importing()
        return self.store.imports.commit(work, [ContactBatch.of(rows)], lambda _part: None)

    def now(self) -> ContactImport:
        return self.store.imports.get(self.workspace.id, self.id)

    def book(self) -> dict[str, tuple[str, str, str]]:
        rows = self.store.contacts.page(self.workspace.id, ContactQuery(), None, 100).rows
        return {row.phone: (row.nombre, row.sustantivo, row.grupo) for row in rows}


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_it_remembers_everything_of_an_import(desk: Desk):
    found = desk.now()
    assert (found.filename, found.size, found.layout) == ("clientes.csv", 17, LAYOUT)
    assert (found.status, found.columns) == (ImportStatus.READY, ("numero", "nombre"))
    assert desk.store.imports.move(desk.id, sources("check"), ImportStatus.CHECKING, ("", "numero"))
    work = desk.store.imports.begin(desk.id)
    assert work is not None
    good = [AudienceRow(2, ANA, "Ana", own={"ciudad": "Asunción"})]
    bad = [BadRow(3, "x", "phone_unreadable", {"value": "x"}, ("x", "y"))]
    assert desk.store.imports.checked(work, Counts(9, 8, 7, 6, 5, 4), good, bad)
    found = desk.now()
    assert found.counts == Counts(9, 8, 7, 6, 5, 4)
    assert (list(found.good_rows), list(found.bad_rows)) == (good, bad)
    assert found.columns == ("", "numero")


def test_it_hides_the_imports_of_another_workspace(desk: Desk):
    other = desk.store.workspaces.ensure("charlie", "Charlie", DEFAULTS)
    with pytest.raises(NotFound):
        desk.store.imports.get(other.id, desk.id)
    assert desk.store.imports.find_latest(other.id, "alice") is None


def test_it_finds_what_a_person_is_at(desk: Desk):
    imports = desk.store.imports
    newer = desk.new()
    latest = imports.find_latest(desk.workspace.id, "alice")
    assert latest is not None
    assert latest.id == newer.id
    assert imports.find_latest(desk.workspace.id, "bob") is None
    imports.dismiss(newer.id)
    assert imports.find_latest(desk.workspace.id, "alice") == desk.now()
    desk.move("cancel", ImportStatus.CANCELLED)
    assert imports.find_latest(desk.workspace.id, "alice") is None


def test_it_compares_with_the_book_and_changes_nothing(desk: Desk):
    assert desk.commit(AudienceRow(2, ANA, "Ana", grupo="G"), AudienceRow(3, LUIS, "Luis"))
    rows = [
        AudienceRow(2, ANA, "Ana", own={"ciudad": ""}),
        AudienceRow(3, LUIS, "Luis", own={"ciudad": "Asunción"}),
        AudienceRow(4, EVA),
        AudienceRow(5, EVA, "Eva"),
    ]
    found = desk.store.imports.compare(desk.workspace.id, [ContactBatch.of(rows)])
    assert (found.created, found.updated, found.unchanged) == (1, 1, 1)
    assert desk.book().keys() == {ANA, LUIS}


def test_it_brings_a_file_into_the_book_and_blanks_keep_what_was_there(desk: Desk):
    assert desk.commit(AudienceRow(2, ANA, "Ana", "Sra.", "G1"), AudienceRow(3, LUIS, "Luis"))
    desk.id = desk.new().id
    assert desk.commit(
        AudienceRow(2, ANA, "", "", "G2"), AudienceRow(3, LUIS, "Luis"), AudienceRow(4, EVA)
    )
    assert desk.book() == {ANA: ("Ana", "Sra.", "G2"), LUIS: ("Luis", "", ""), EVA: ("", "", "")}
    counts = desk.now().counts
    assert (counts.created, counts.updated, counts.unchanged) == (1, 1, 1)
    assert desk.now().status is ImportStatus.DONE


def test_rows_of_one_phone_become_one_of_whose_cells_the_later_win(desk: Desk):
    assert desk.commit(
        AudienceRow(2, ANA, "Ana", "Sra.", "", {"ciudad": "Luque", "plan": "A"}),
        AudienceRow(3, LUIS, "Luis"),
        AudienceRow(4, ANA, "Ana María", "", "G", {"ciudad": "Asunción"}),
    )
    assert desk.book()[ANA] == ("Ana María", "Sra.", "G")
    account = desk.store.accounts.create(desk.workspace.id, "alice", "WhatsApp")
    new = NewCampaign(account.id, "x", "{ciudad}", CampaignStatus.RUNNING, {})
    again = [ContactBatch.of([AudienceRow(1, ANA, own={"plan": "B"})])]
    campaign = desk.store.campaigns.create(desk.workspace.id, "alice", new, again, ("ciudad",))
    lease = desk.store.leases.take(account.id, "one", timedelta(seconds=30))
    assert lease is not None
    claim = desk.store.deliveries.claim(lease, campaign.id, None, 5, False)[0]
    assert claim.fields == {
        "nombre": "Ana María",
        "sustantivo": "Sra.",
        "grupo": "G",
        "numero": ANA,
        "ciudad": "Asunción",
        "plan": "B",
    }


def test_a_person_in_several_batches_is_one_recipient_in_the_first_ones_place(desk: Desk):
    assert desk.commit(AudienceRow(2, EVA, "Eva", "Dra.", "Old"))
    account = desk.store.accounts.create(desk.workspace.id, "alice", "WhatsApp")
    new = NewCampaign(account.id, "x", "Hola {nombre}", CampaignStatus.RUNNING, {})
    other = "+595981000004"
    rows = [
        [AudienceRow(2, LUIS, "Luis"), AudienceRow(3, ANA, "", "Sra.", "G1")],
        [AudienceRow(4, EVA, "", "", "G1")],
        [AudienceRow(5, ANA, "Ana", "", "G2"), AudienceRow(6, EVA, "Eva María")],
        [AudienceRow(7, other, "Omar"), AudienceRow(8, ANA, "Ana María", "", "")],
    ]
    batches = [ContactBatch.of(one) for one in rows]
    repeated = (0, 0, 2, 1)  # as a reader says it, which remembers the batches before
    batches = [replace(one, repeated=n) for one, n in zip(batches, repeated, strict=True)]
    campaign = desk.store.campaigns.create(
        desk.workspace.id, "alice", new, iter(batches), ("nombre",)
    )
    assert campaign.total_recipients == 4
    page = desk.store.campaigns.recipients(campaign.id, None, None, 10, reached="", search="")
    assert [row.phone for row in page.rows] == [LUIS, ANA, EVA, other]
    assert desk.book() == {
        LUIS: ("Luis", "", ""),
        ANA: ("Ana María", "Sra.", "G2"),
        EVA: ("Eva María", "Dra.", "G1"),
        other: ("Omar", "", ""),
    }


def test_a_person_without_a_name_in_any_batch_is_named_once(desk: Desk):
    account = desk.store.accounts.create(desk.workspace.id, "alice", "WhatsApp")
    new = NewCampaign(account.id, "x", "Hola {nombre}", CampaignStatus.RUNNING, {})
    batches = [
        ContactBatch.of([AudienceRow(2, ANA), AudienceRow(3, LUIS)]),
        replace(ContactBatch.of([AudienceRow(4, LUIS), AudienceRow(5, ANA, "Ana")]), repeated=2),
    ]
    with pytest.raises(RuleViolation) as problem:
        desk.store.campaigns.create(desk.workspace.id, "alice", new, batches, ("nombre",))
    assert (problem.value.params["count"], problem.value.params["rows"]) == (1, "3")
    assert desk.book() == {}


def test_a_file_that_breaks_off_in_the_middle_leaves_nothing_behind(desk: Desk):
    account = desk.store.accounts.create(desk.workspace.id, "alice", "WhatsApp")
    new = NewCampaign(account.id, "x", "Hola", CampaignStatus.RUNNING, {})

    def broken() -> Iterator[ContactBatch]:
        yield ContactBatch.of([AudienceRow(2, ANA, "Ana")])
        yield ContactBatch.of([AudienceRow(3, LUIS, "Luis")])
        raise RuleViolation("sheet_damaged")

    with pytest.raises(RuleViolation) as problem:
        desk.store.campaigns.create(desk.workspace.id, "alice", new, broken())
    assert problem.value.code == "sheet_damaged"
    assert desk.book() == {}
    assert desk.store.campaigns.list(desk.workspace.id, None, 10).rows == []


def test_a_campaign_needs_a_value_for_every_placeholder_of_everybody(desk: Desk):
    account = desk.store.accounts.create(desk.workspace.id, "alice", "WhatsApp")
    new = NewCampaign(account.id, "x", "Hola", CampaignStatus.RUNNING, {})
    rows = [
        AudienceRow(2, ANA, "Ana", own={"ciudad": "Luque"}),
        AudienceRow(3, LUIS, "Luis"),
        AudienceRow(4, EVA, own={"ciudad": "Luque"}),
    ]
    for needed, code, named in (
        (("nombre", "ciudad"), "placeholder_blank_rows", "3, 4"),
        (("numero", "nombre"), "placeholder_blank_rows", "4"),
    ):
        with pytest.raises(RuleViolation) as problem:
            desk.store.campaigns.create(
                desk.workspace.id, "alice", new, [ContactBatch.of(rows)], needed
            )
        assert (problem.value.code, problem.value.params["rows"]) == (code, named)
    with pytest.raises(RuleViolation) as problem:
        desk.store.campaigns.create(desk.workspace.id, "alice", new, [])
    assert problem.value.code == "audience_empty"
    assert desk.book() == {}  # nothing is half done
    assert desk.store.campaigns.list(desk.workspace.id, None, 10).rows == []


def test_one_job_at_a_time_takes_an_import_up(desk: Desk):
    assert desk.store.imports.begin(desk.id) is None  # nobody ordered anything
    desk.move("check", ImportStatus.CHECKING)
    work = desk.store.imports.begin(desk.id)
    assert work is not None
    assert desk.store.imports.begin(desk.id) is None
    desk.store.imports.release(desk.id)
    after = desk.store.imports.begin(desk.id)
    assert after is not None
    assert (after.attempt, after.tries) == (2, 2)
    assert desk.store.imports.beat(work, 50) is False  # the older one hears that it is over
    assert desk.store.imports.beat(after, 50) is True
    assert desk.now().progress == 50


def test_a_cancelled_import_leaves_nothing_behind(desk: Desk):
    work = desk.importing()

    def cancel_while_writing(_part: float) -> None:
        assert desk.move("cancel", ImportStatus.CANCELLED)

    batch = ContactBatch.of([AudienceRow(2, ANA, "Ana")])
    assert desk.store.imports.commit(work, [batch], cancel_while_writing) is False
    assert desk.book() == {}
    assert desk.now().status is ImportStatus.CANCELLED


def test_an_error_while_writing_leaves_nothing_behind(desk: Desk):
    work = desk.importing()

    def fall(_part: float) -> None:
        raise RuntimeError("as a power cut does it")

    batch = ContactBatch.of([AudienceRow(2, ANA, "Ana")])
    with pytest.raises(RuntimeError):
        desk.store.imports.commit(work, [batch], fall)
    assert desk.book() == {}
    assert desk.now().status is ImportStatus.IMPORTING


@contextmanager
def bobs_ana(desk: Desk, database_url: str) -> Iterator[UUID]:
    """Somebody adds Ana, unseen until an import waits to add her too; the key of his Ana."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'transactionid'"

    def commit_once_awaited(other: psycopg.Connection) -> None:
        with psycopg.connect(database_url, autocommit=True) as looker:
            eventually(lambda: looker.execute(waiting).fetchone() != (0,), what="waiting")
        other.commit()

    with psycopg.connect(database_url) as other:
        added = other.execute(
            "INSERT INTO contacts (workspace_id, user_id, phone, nombre, grupo)"
            " VALUES (%s, 'bob', %s, 'Bob''s', 'Bob''s group') RETURNING id",
            (desk.workspace.id, ANA),
        ).fetchone()
        assert added is not None
        thread = threading.Thread(target=commit_once_awaited, args=(other,))
        thread.start()
        yield added[0]
        thread.join()


def test_it_goes_on_beside_somebody_who_adds_one_of_the_people(desk: Desk, database_url: str):
    work = desk.importing()
    batch = ContactBatch.of([AudienceRow(2, ANA, "Ana"), AudienceRow(3, EVA, "Eva")])
    with bobs_ana(desk, database_url):
        assert desk.store.imports.commit(work, [batch], lambda _part: None)
    assert desk.book() == {ANA: ("Ana", "", "Bob's group"), EVA: ("Eva", "", "")}
    assert desk.now().counts == Counts(good=1, created=1, updated=1)


def test_a_campaign_begins_beside_somebody_who_adds_one_of_the_people(
    desk: Desk, database_url: str
):
    account = desk.store.accounts.create(desk.workspace.id, "alice", "Clínica")
    new = NewCampaign(account.id, "Turnos", "Hola {nombre}", CampaignStatus.RUNNING, pacing={})
    rows = [AudienceRow(2, ANA, "Ana"), AudienceRow(3, EVA, "Eva")]
    with bobs_ana(desk, database_url) as ana:
        campaign = desk.store.campaigns.create(
            desk.workspace.id, "alice", new, [ContactBatch.of(rows)]
        )
    assert campaign.total_recipients == 2
    lease = desk.store.leases.take(account.id, "one", timedelta(minutes=1))
    assert lease is not None
    first, second = desk.store.deliveries.claim(lease, campaign.id, None, 10, False)
    assert (first.contact_id, first.phone, first.fields["nombre"]) == (ana, ANA, "Ana")
    assert (second.phone, second.fields["nombre"]) == (EVA, "Eva")


def test_imports_into_one_workspace_take_turns_and_show_that_they_live(
    desk: Desk, database_url: str
):
    work = desk.importing()
    turn = "SELECT pg_advisory_xact_lock(hashtextextended('contacts ' || %s, 0))"
    steps: list[float] = []
    with psycopg.connect(database_url) as other:
        other.execute(turn, (str(desk.workspace.id),))

        def on_step(part: float) -> None:
            steps.append(part)
            if len(steps) == 2:
                other.commit()

        batch = ContactBatch.of([AudienceRow(2, ANA, "Ana")])
        assert desk.store.imports.commit(work, [batch], on_step)
    assert steps[:2] == [0.0, 0.0]
    assert desk.book().keys() == {ANA}


def test_imports_of_the_same_people_at_once_leave_each_person_once(desk: Desk):
    rows = [
        [AudienceRow(n, f"+59598{n:07d}", f"{who} {n}", "", "G") for n in range(300)]
        for who in ("Ana", "Eva")
    ]
    works = [desk.importing()]
    desk.id = desk.new().id
    works.append(desk.importing())
    done: list[bool] = []

    def commit(work: ContactImport, people: list[AudienceRow]) -> None:
        done.append(desk.store.imports.commit(work, [ContactBatch.of(people)], lambda _part: None))

    pairs = zip(works, rows, strict=True)
    threads = [threading.Thread(target=commit, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [True, True]
    found = [
        contact
        for page in desk.store.contacts.export(desk.workspace.id, ContactQuery(), 500)
        for contact in page
    ]
    assert len({contact.phone for contact in found}) == len(found) == 300
    assert {contact.nombre.split()[0] for contact in found} in ({"Ana"}, {"Eva"})
    assert [group.name for group in desk.store.groups.list(desk.workspace.id)] == ["G"]
    counts = [desk.store.imports.get(desk.workspace.id, work.id).counts for work in works]
    assert sorted((one.created, one.updated) for one in counts) == [(0, 300), (300, 0)]


def test_it_finds_imports_that_nobody_attends_to(desk: Desk):
    imports, now = desk.store.imports, datetime.now(UTC)
    soon, late = now + timedelta(minutes=10), now + timedelta(hours=2)
    silent, waiting = timedelta(hours=1), timedelta(minutes=5)
    assert imports.unattended(late, silent, waiting) == []  # nothing was ordered
    desk.move("check", ImportStatus.CHECKING)
    assert imports.unattended(now, silent, waiting) == []
    assert [work.id for work in imports.unattended(soon, silent, waiting)] == [desk.id]
    assert imports.begin(desk.id) is not None
    assert imports.unattended(soon, silent, waiting) == []
    assert [work.id for work in imports.unattended(late, silent, waiting)] == [desk.id]
    again = imports.begin(desk.id)
    assert again is not None
    assert imports.fail(again, "sheet_damaged", {"limit": 3})
    assert (desk.now().error_code, desk.now().error_params) == ("sheet_damaged", {"limit": 3})


def test_deleting_a_campaign_contact_or_workspace_is_followed(desk: Desk, database_url: str):
    account = desk.store.accounts.create(desk.workspace.id, "alice", "WhatsApp")
    new = NewCampaign(account.id, "x", "Hola", CampaignStatus.RUNNING, {})
    people = [ContactBatch.of([AudienceRow(1, ANA, "Ana"), AudienceRow(2, LUIS, "Luis")])]
    first = desk.store.campaigns.create(desk.workspace.id, "alice", new, people)
    second = desk.store.campaigns.create(desk.workspace.id, "alice", new, people)
    recipients = desk.store.campaigns.recipients
    with psycopg.connect(database_url, autocommit=True) as person:
        person.execute("DELETE FROM campaigns WHERE id = %s", (first.id,))
        assert recipients(first.id, None, None, 10).rows == []
        person.execute("DELETE FROM contacts WHERE phone = %s", (ANA,))
        left = recipients(second.id, None, None, 10).rows
        assert [(row.phone, row.nombre) for row in left] == [(ANA, ""), (LUIS, "Luis")]
        person.execute("DELETE FROM workspaces")
        count = (
            "SELECT (SELECT count(*) FROM contacts) + (SELECT count(*) FROM campaign_recipients)"
        )
        assert person.execute(count).fetchone() == (0,)
