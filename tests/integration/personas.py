"""Five people, and two workspaces with something in them to see and to change."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

import pytest
from redis import Redis
from sqlmodel import SQLModel

from sender_app.bootstrap import Services
from sender_app.domain.actor import Actor, Role
from sender_app.domain.api_key import new_secret
from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.webhook import EventType
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.identity import Session, User
from sender_app.ports.store import Store
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.whatsapp import Incoming
from sender_app.services.drafts import Draft
from sender_app.stores.postgres.store import PostgresStore
from sender_app.stores.redis.keys import place
from sender_app.stores.redis.media import USED
from sender_app.stores.redis.store import RedisStore
from tests.stack import start_over

SECRET = "Secretísima"  # in every name of the workspace that is looked after
PERSONAS = ("nobody", "viewer", "sender", "admin", "outsider")
_DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}


@dataclass
class World:
    """A workspace that the viewer, the sender and the admin belong to, and the outsider's own."""

    services: Services
    store: Store
    workspace_id: UUID
    account_id: UUID
    campaign_id: UUID
    draft_id: UUID
    template_id: UUID
    file_id: UUID
    import_id: UUID
    contact_id: UUID
    group_id: UUID
    conversation_id: UUID
    answer_id: UUID  # one that failed
    media_id: UUID
    key_id: UUID
    webhook_id: UUID
    delivery_id: UUID
    spare: str  # a member whom others may change
    sessions: Mapping[str, str]  # persona → session id
    keys: Mapping[str, str]  # persona → secret of an API key in their role
    mores: Mapping[str, str]  # state → a cursor of its list
    ids: set[str] = field(default_factory=set)

    @property
    def names_in_paths(self) -> dict[str, object]:
        """Ids of the workspace's by what the API's paths call them."""
        return {
            "accountId": self.account_id,
            "campaignId": self.campaign_id,
            "contactId": self.contact_id,
            "groupId": self.group_id,
            "templateId": self.template_id,
            "conversationId": self.conversation_id,
            "messageId": self.answer_id,
            "webhookId": self.webhook_id,
            "deliveryId": self.delivery_id,
        }

    def facts(self) -> set[tuple[str, str]]:
        """Every row, and every key in Redis, that is about the workspace; not what was noted."""
        from sender_app import bootstrap

        redis = bootstrap.redis()
        if isinstance(self.store, RedisStore):
            return {(name, row) for name, row in _kept_in(redis) if self._ours(name + row)}
        names = (key.decode() for key in redis.scan_iter())
        found = {("redis", one) for one in names if self._ours(one) and not one.startswith("user:")}
        return found | self._rows(self.store)

    def _rows(self, store: PostgresStore) -> set[tuple[str, str]]:
        tables = [one.name for one in SQLModel.metadata.sorted_tables if one.name != "audit_log"]
        every = " UNION ALL ".join(
            f"SELECT '{name}', (to_jsonb(t) - 'seen_at' - 'used_at')::text FROM {name} t"  # noqa: S608
            for name in tables
        )
        with store.database.transaction() as cursor:
            cursor.execute(
                f"SELECT name, row FROM ({every}) AS f(name, row) WHERE row LIKE ANY(%s)",  # noqa: S608
                ([f"%{one}%" for one in self.ids],),
            )
            return {(one.name, one.row) for one in cursor}

    def noted(self) -> list[tuple[str, str]]:
        """Who did what, newest first."""
        page = self.store.audit.page(self.workspace_id, None, 100)
        return [(entry.user_id, entry.action) for entry in page.rows]

    def _ours(self, row: str) -> bool:
        return any(one in row for one in self.ids)


@contextmanager
def services_on(database_url: str, redis_url: str, **env: str) -> Iterator[Services]:
    """The real services, on servers of the test's own."""
    with services_with(DATABASE_URL=database_url, REDIS_URL=redis_url, **env) as services:
        yield services


@contextmanager
def services_with(**env: str) -> Iterator[Services]:
    """The real services, with these settings."""
    from sender_app import bootstrap

    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        start_over()
        yield bootstrap.services()
        start_over()


def make_world(services: Services) -> World:
    """A world in the store of `services`, which has nothing else."""
    from sender_app import bootstrap

    store = bootstrap.store()
    tag, other = uuid4().hex[:8], uuid4().hex[:8]
    here = store.workspaces.ensure(f"team:{tag}", f"Equipo {SECRET}", _DEFAULTS).id
    there = store.workspaces.ensure(f"team:{other}", "Otro equipo", _DEFAULTS).id
    people = {role.value: (here, role) for role in Role} | {"outsider": (there, Role.ADMIN)}
    tags = dict.fromkeys(people, tag) | {"outsider": other}
    for name, (workspace_id, role) in people.items():
        called = "Otra" if name == "outsider" else f"{name} {SECRET}"
        store.workspaces.ensure_member(workspace_id, f"{name}-{tags[name]}", called, role)
    store.workspaces.ensure_member(here, f"spare-{tag}", f"Zoe {SECRET}", Role.SENDER)
    keys = {"nobody": ""} | {
        name: _key(store, workspace_id, f"{name}-{tags[name]}", role)
        for name, (workspace_id, role) in people.items()
    }
    account = store.accounts.create(here, f"admin-{tag}", "WhatsApp")
    store.accounts.linked(account.id, "+595981000001", "session")
    store.accounts.create(there, f"outsider-{other}", "WhatsApp")
    rows = [AudienceRow(n, f"+59598{n:07d}", f"{SECRET} {n}", "Sr.", SECRET) for n in range(5)]
    campaign = None
    for n in range(2):
        new = NewCampaign(account.id, f"{SECRET} {n}", f"Hola {SECRET}", CampaignStatus.RUNNING, {})
        campaign = store.campaigns.create(here, f"sender-{tag}", new, [ContactBatch.of(rows)])
    assert campaign is not None
    sender = Actor(f"sender-{tag}", here, Role.SENDER)
    template = services.templates.save_template(sender, None, f"Saludo {SECRET}", ["Hola"])
    file = services.imports.check_file(sender, "x.csv", f"0981000001,Sr.,{SECRET},G".encode())
    draft = services.drafts.create_draft(
        sender, Draft(account.id, f"Borrador {SECRET}", ("Hola",), file.file_id, "x.csv")
    )
    upload = services.imports.open_upload(sender, "x.csv")
    upload.write(f"0981000002,Sr.,{SECRET},G".encode())
    kept = services.imports.keep(sender, upload)
    services.opt_outs.add(sender, "0981000010\n0981000011")
    contact = services.contacts.page(sender, ContactQuery(), None, 1).rows[0]
    group = services.contacts.groups(sender)[0]
    heard = Incoming("R1", rows[2].phone, f"Gracias {SECRET}", None, datetime.now(UTC))
    store.receipts.reply(account.id, heard, opt_out=False)
    conversation = services.conversations.page(sender).rows[0]
    store.conversations.answer(conversation, uuid4(), sender.user_id, f"De nada {SECRET}")
    store.answering.fail_waiting(account.id, "unavailable")
    store.receipts.reply(account.id, replace(heard, message_id="R2"), opt_out=False)
    entries = services.conversations.entries(sender, conversation.id)
    answer = next(entry for entry in entries if entry.source == "answer")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_text(f"%PDF-1.4\n{SECRET}\n%%EOF")
        media = services.media.add(sender, path, "x.pdf", None)
    webhook = uuid4()
    store.webhooks.create(
        *(here, f"admin-{tag}", webhook, f"https://8.8.8.8/{SECRET}", list(EventType), "-", 20)
    )
    delivery = store.webhooks.add_test(here, webhook)
    return World(
        services=services,
        store=store,
        workspace_id=here,
        account_id=account.id,
        campaign_id=campaign.id,
        draft_id=draft.id,
        template_id=template.id,
        file_id=file.file_id,
        import_id=kept.id,
        contact_id=contact.id,
        group_id=group.id,
        conversation_id=conversation.id,
        answer_id=answer.id,
        media_id=media.id,
        key_id=store.api_keys.list(here)[0].id,
        webhook_id=webhook,
        delivery_id=delivery,
        spare=f"spare-{tag}",
        sessions={"nobody": ""}
        | {name: _open(services, f"{name}-{tags[name]}", people[name][0]) for name in people},
        keys=keys,
        mores={
            "CampaignList": store.campaigns.list(here, None, 1).next or "",
            "Campaign": store.campaigns.recipients(campaign.id, None, None, 1).next or "",
            "ContactBook": store.contacts.page(here, ContactQuery(), None, 1).next or "",
            "AuditTrail": str(uuid4()),
            "WebhookCard": str(uuid4()),
            "OptOutList": services.opt_outs.page(sender, "", None, 1).next or "",
        },
        ids={str(here), str(account.id), str(campaign.id), str(webhook), tag},
    )


def _kept_in(redis: Redis) -> Iterator[tuple[str, str]]:
    """Every key with each of its rows, names or parts, as `World.facts` looks at them."""
    for key in redis.scan_iter():
        name = key.decode()
        if ":cache:" in name or ":team:audit" in name or name == place("audit"):
            continue
        match redis.type(key):
            case b"hash":
                for field, row in redis.hgetall(key).items():
                    yield name, f"{field.decode()} {_without_looks(row)}"
            case b"zset" if name != USED:
                yield from ((name, f"{one!r} {score}") for one, score in redis.zscan_iter(key))
            case _:
                yield name, ""


def _without_looks(row: bytes) -> str:
    """A row without when it was last looked at, if it is one."""
    if not row.startswith(b"{"):
        return repr(row)
    return str({k: v for k, v in json.loads(row).items() if k not in ("seen_at", "used_at")})


def _key(store: Store, workspace_id: UUID, user_id: str, role: Role) -> str:
    secret = new_secret()
    store.api_keys.create(workspace_id, user_id, "Programa", role, secret, None)
    return secret


def _open(services: Services, user_id: str, workspace_id: UUID) -> str:
    session = Session(
        User(user_id, user_id), workspace_id, (workspace_id,), confirmed_at=datetime.now(UTC)
    )
    return services.sign_in.sessions.open(session)
