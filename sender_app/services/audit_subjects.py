"""What an order was about, as the log says it: by the name that people know a thing by.

Words of Sender itself are keys of texts in braces (`{role.sender}`), which `in_language` reads.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from sender_app.domain.errors import NotFound
from sender_app.domain.phone import pretty
from sender_app.ports.store import Store
from sender_app.ports.store.contacts import ContactDraft

LONGEST = 200  # letters of a subject
_NAMED = 5  # contacts of many
_KEY = re.compile(r"\{([a-z_]+\.[a-z_]+)\}")


def subject_of(store: Store, workspace_id: UUID, given: Mapping[str, object]) -> str:
    """Parameters of an order in words; what is gone, or never was, stays a key."""
    told = (_words(store, workspace_id, name, value) for name, value in given.items())
    return " · ".join(words for words in told if words)[:LONGEST]


def in_language(subject: str, texts: Mapping[str, str]) -> str:
    """A subject with Sender's own words in a language."""
    return _KEY.sub(lambda key: texts.get(key[1], key[0]), subject)


def _words(store: Store, workspace_id: UUID, name: str, value: object) -> str:
    if value is None:
        return ""
    if name in _WORDS:
        with suppress(NotFound):  # the order itself says so
            return _WORDS[name](store, workspace_id, value) or str(value)
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _contacts(store: Store, workspace_id: UUID, ids: Sequence[UUID]) -> str:
    """Names of the first contacts, and how many more there are."""
    found = store.contacts.find(workspace_id, ids[:_NAMED])
    names = [contact.nombre or pretty(contact.phone) for contact in found]
    more = len(ids) - len(names)
    return ", ".join([*names, *([f"+{more}"] if names and more else [])])


def _draft(store: Store, workspace_id: UUID, draft: ContactDraft) -> str:
    return draft.nombre or draft.phone


def _conversation(store: Store, workspace_id: UUID, key: UUID) -> str:
    conversation = store.conversations.get(workspace_id, key)
    return conversation.name or pretty(conversation.phone)


def _member(store: Store, workspace_id: UUID, user_id: str) -> str:
    member = store.members.find(workspace_id, user_id)
    return member.name if member else ""


def _name_among(named: Iterable[Any], key: UUID) -> str:
    return next((one.name for one in named if one.id == key), "")


# Parameters that people know by another word than their value.
_WORDS: dict[str, Callable[[Store, UUID, Any], str]] = {
    "account_id": lambda store, workspace, key: store.accounts.get(key, workspace).label,
    "campaign_id": lambda store, workspace, key: store.campaigns.get(workspace, key).name,
    "contact_id": lambda store, workspace, key: _contacts(store, workspace, [key]),
    "conversation_id": _conversation,
    "draft": _draft,
    "enabled": lambda store, workspace, on: "{webhooks.on}" if on else "{webhooks.off}",
    "group_id": lambda store, workspace, key: _name_among(store.groups.list(workspace), key),
    "ids": _contacts,
    "import_id": lambda store, workspace, key: store.imports.get(workspace, key).filename,
    "kept_id": lambda store, workspace, key: _contacts(store, workspace, [key]),
    "key_id": lambda store, workspace, key: _name_among(store.api_keys.list(workspace), key),
    "needs_approval": lambda store, workspace, needed: (
        f"{{settings.approval}}: {{audit_word.{'yes' if needed else 'no'}}}"
    ),
    "rest_days": lambda store, workspace, days: f"{{settings.rest}}: {days}",
    "role": lambda store, workspace, role: f"{{role.{role}}}",
    "template_id": lambda store, workspace, key: store.templates.get(workspace, key).name,
    "user_id": _member,
    "webhook_id": lambda store, workspace, key: store.webhooks.get(workspace, key).url,
}
