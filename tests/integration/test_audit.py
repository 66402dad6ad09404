"""The log says what an order was about in words that its readers know."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import NotFound, NotPermitted
from sender_app.ports.store.contacts import ContactDraft
from sender_app.ports.whatsapp import Incoming
from sender_app.services.audit_subjects import in_language
from sender_app.text import LANGUAGES, texts
from tests.office import Office


def logged(office: Office, action: str) -> list[str]:
    """Subjects of the entries of an action, the latest first, as they are read in Spanish."""
    rows = office.services.audit.list_entries(office.alice).rows
    return [in_language(row.subject, texts("es")) for row in rows if row.action == action]


def test_contacts_and_groups_have_their_names(office: Office):
    contacts = office.services.contacts
    people = [
        ("0981000001", "Ana"),
        ("0981000002", ""),
        *((f"098100001{n}", "X") for n in range(5)),
    ]
    ids = [contacts.create_contact(office.alice, ContactDraft(*one)).id for one in people]
    group, _ = contacts.add_to_group(office.alice, "Coro", ids[:1])
    contacts.remove_from_group(office.alice, group.id, ids[:2])
    contacts.update_contact(office.alice, ids[0], ContactDraft("0981000001", "Ana María"))
    contacts.rename_group(office.alice, group.id, "Club")
    contacts.delete_group(office.alice, group.id)
    contacts.delete_contacts(office.alice, ids)
    with pytest.raises(NotFound):
        contacts.delete_group(office.alice, missing := uuid4())
    assert logged(office, "contact_create")[-2:] == ["0981000002", "Ana"]
    assert logged(office, "group_add") == ["Coro · Ana"]
    assert logged(office, "group_take") == ["Coro · Ana, +595 981 000002"]
    assert logged(office, "contact_update") == ["Ana"]
    assert logged(office, "group_rename") == ["Coro · Club"]
    assert logged(office, "group_delete") == [str(missing), "Club"]
    assert logged(office, "contact_delete") == ["Ana María, +595 981 000002, X, X, X, +2"]


def test_members_keys_rules_and_switches_are_told_in_the_readers_language(office: Office):
    services, alice = office.services, office.alice
    office.store.workspaces.ensure_member(alice.workspace_id, "bob-7", "Bob", Role.VIEWER)
    services.members.set_role(alice, "bob-7", Role.SENDER)
    services.members.remove(alice, "bob-7")
    services.api_keys.create_key(alice, "CRM", Role.VIEWER, None)
    [key] = services.api_keys.list_keys(alice)
    services.api_keys.revoke_key(alice, key.id)
    services.workspaces.update_campaign_rules(alice, 3, needs_approval=True)
    assert logged(office, "member_role") == ["Bob · Envío"]
    assert logged(office, "member_remove") == ["Bob"]
    assert logged(office, "api_key_create") == ["CRM · Lectura"]
    assert logged(office, "api_key_revoke") == ["CRM"]
    assert logged(office, "campaign_rules") == [
        "Días de descanso entre campañas: 3 · Pedir la aprobación de otra persona: sí"
    ]
    [subject] = {
        row.subject
        for row in services.audit.list_entries(alice).rows
        if row.action == "member_role"
    }
    assert len({in_language(subject, texts(lang)) for lang in LANGUAGES}) == len(LANGUAGES)


def test_conversations_have_the_persons_name_and_those_not_permitted_are_noted_alike(
    office: Office,
):
    services, alice = office.services, office.alice
    heard = Incoming("R1", "+595981000009", "hola", None, datetime.now(UTC), name="Eva")
    office.store.receipts.reply(office.account_id, heard, False)
    [conversation] = services.conversations.page(alice).rows
    services.conversations.answer(alice, conversation.id, uuid4(), "Buenas")
    vera = Actor("vera", alice.workspace_id, Role.VIEWER, "Vera")
    with pytest.raises(NotPermitted):
        services.conversations.answer(vera, conversation.id, uuid4(), "No")
    assert logged(office, "answer_send") == ["Eva", "Eva"]


def test_a_name_that_looks_like_a_word_of_ours_stays_what_was_typed(office: Office):
    office.services.contacts.create_contact(office.alice, ContactDraft("0981000001", "{nombre}"))
    assert logged(office, "contact_create") == ["{nombre}"]
