"""Taking back what was just done: services on real servers, with nobody to send."""

from uuid import UUID

import pytest
from redis import Redis

from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import NotPermitted, RuleViolation
from sender_app.ports.store.contacts import Contact, ContactDraft
from tests.office import Office

pytestmark = pytest.mark.parametrize("kept_in", ["postgres", "redis"])
PHONES = ("0981 000 001", "0981 000 002")


class Book:
    """Two people in the office's book."""

    def __init__(self, office: Office) -> None:
        self.contacts = office.services.contacts
        self.alice = office.alice
        self.people: list[Contact] = [
            self.contacts.create_contact(office.alice, ContactDraft(phone, name, "", "Coro"))
            for phone, name in zip(PHONES, ("Ana", "Eva"), strict=True)
        ]
        self.ids: list[UUID] = [contact.id for contact in self.people]

    def now(self) -> list[Contact]:
        return list(self.contacts.find_contacts(self.alice, self.ids))

    def groups(self) -> list[str]:
        return [group.name for group in self.contacts.groups(self.alice)]


@pytest.fixture
def book(office: Office) -> Book:
    return Book(office)


def colleague(office: Office, role: Role = Role.ADMIN) -> Actor:
    return Actor("bob", office.alice.workspace_id, role)


def test_deleted_contacts_come_back_once_and_for_who_deleted_them(office: Office, book: Book):
    done = book.contacts.delete_contacts(office.alice, book.ids, undoable=True)
    assert done.count == 2
    assert book.now() == []
    stranger = office.services.workspaces.actor_for("charlie", "Charlie")
    for other in (colleague(office), stranger):
        with pytest.raises(RuleViolation, match="undo_gone"):
            book.contacts.restore_contacts(other, done.undo)
    with pytest.raises(NotPermitted):
        book.contacts.restore_contacts(
            Actor(office.alice.user_id, office.alice.workspace_id, Role.VIEWER), done.undo
        )
    assert book.now() == []
    assert book.contacts.restore_contacts(office.alice, done.undo) == 2
    assert book.now() == book.people
    with pytest.raises(RuleViolation, match="undo_gone"):
        book.contacts.restore_contacts(office.alice, done.undo)


def test_what_undoes_one_thing_undoes_no_other(office: Office, book: Book):
    done = book.contacts.delete_contacts(office.alice, book.ids, undoable=True)
    services = office.services
    for undo in (
        book.contacts.join_again,
        book.contacts.leave_again,
        services.templates.restore_template,
        services.opt_outs.restore,
        services.campaigns.restore,
    ):
        for secret in (done.undo, "x", ""):
            with pytest.raises(RuleViolation, match="undo_gone"):
                undo(office.alice, secret)
    assert book.contacts.restore_contacts(office.alice, done.undo) == 2


def test_a_record_is_kept_for_a_while_and_tells_nothing(office: Office, book: Book, redis_url: str):
    assert not book.contacts.delete_contacts(office.alice, [book.ids[0]]).undo
    done = book.contacts.delete_contacts(office.alice, book.ids, undoable=True)
    with Redis.from_url(redis_url) as client:
        (key,) = client.keys("undo:*")
        assert 0 < client.ttl(key) <= 900
        assert b"Eva" not in client.get(key)
        assert done.undo not in key.decode()
        client.delete(key)
    with pytest.raises(RuleViolation, match="undo_gone"):
        book.contacts.restore_contacts(office.alice, done.undo)


def test_who_joined_a_group_leaves_it_again(office: Office, book: Book):
    contacts = book.contacts
    contacts.add_to_group(office.alice, "Feria", book.ids[:1])
    before = book.now()
    _, done = contacts.add_to_group(office.alice, "Feria", book.ids, undoable=True)
    assert done.count == 1
    assert contacts.leave_again(office.alice, done.undo) == 1
    assert book.now() == before
    _, done = contacts.add_to_group(office.alice, "Nuevo", book.ids, undoable=True)
    assert book.groups() == ["Coro", "Feria", "Nuevo"]
    assert contacts.leave_again(office.alice, done.undo) == 2
    assert book.groups() == ["Coro", "Feria"]
    assert book.now() == before


def test_who_left_a_group_is_in_it_again_unless_it_is_gone(office: Office, book: Book):
    contacts = book.contacts
    coro = contacts.groups(office.alice)[0]
    contacts.add_to_group(office.alice, "Banda", book.ids[:1])
    before = [(c.grupo, c.more_groups) for c in book.now()]
    done = contacts.remove_from_group(office.alice, coro.id, book.ids, undoable=True)
    assert [(c.grupo, c.more_groups) for c in book.now()] == [("Banda", ()), ("", ())]
    assert contacts.join_again(office.alice, done.undo) == 2
    assert [(c.grupo, c.more_groups) for c in book.now()] == before
    done = contacts.remove_from_group(office.alice, coro.id, book.ids, undoable=True)
    contacts.delete_group(office.alice, coro.id)
    with pytest.raises(RuleViolation, match="undo_gone"):
        contacts.join_again(office.alice, done.undo)


def test_an_undone_deletion_takes_no_opt_out_back(office: Office, book: Book):
    services, alice = office.services, office.alice
    done = book.contacts.delete_contacts(alice, book.ids, undoable=True)
    services.opt_outs.add(alice, PHONES[0])
    book.contacts.restore_contacts(alice, done.undo)
    assert [contact.opted_out for contact in book.now()] == [True, False]


def test_a_number_taken_off_the_list_is_put_back(office: Office):
    opt_outs, alice = office.services.opt_outs, office.alice
    opt_outs.add(alice, PHONES[0])
    before = opt_outs.page(alice).rows
    done = opt_outs.remove(alice, "+595981000001", undoable=True)
    assert opt_outs.count(alice) == 0
    assert opt_outs.restore(alice, done.undo) == 1
    assert opt_outs.page(alice).rows == before


def test_a_template_comes_back_when_its_name_is_free(office: Office):
    library, alice = office.services.templates, office.alice
    saved = library.save_template(alice, None, "Saludo", ["Hola"])
    done = library.delete_template(alice, saved.id, undoable=True)
    other = library.save_template(alice, None, "Saludo", ["Otra"])
    with pytest.raises(RuleViolation, match="undo_name_taken"):
        library.restore_template(alice, done.undo)
    library.save_template(alice, other.id, "Otro saludo", ["Otra"])
    library.restore_template(alice, done.undo)
    assert library.get_template(alice, saved.id) == saved


def test_a_draft_comes_back_as_it_was_written(office: Office):
    campaign_id = office.draft("Hola {nombre}", "Buenas")
    written = office.drafts.get_draft(office.alice, campaign_id)
    done = office.services.campaigns.delete(office.alice, campaign_id, undoable=True)
    office.services.campaigns.restore(office.alice, done.undo)
    assert office.drafts.get_draft(office.alice, campaign_id) == written
    assert office.drafts.launch(office.alice, campaign_id, 3).total_recipients == 3
