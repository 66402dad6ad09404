"""The store: every durable fact. Each method is atomic: it happens as a whole or not at all."""

from typing import Protocol

from sender_app.ports.store.accounts import AccountStore
from sender_app.ports.store.answering import AnsweringStore
from sender_app.ports.store.answers import AnswerStore
from sender_app.ports.store.api_keys import ApiKeyStore
from sender_app.ports.store.audiences import AudienceStore
from sender_app.ports.store.audit import AuditStore
from sender_app.ports.store.campaigns import CampaignStore
from sender_app.ports.store.contacts import ContactStore
from sender_app.ports.store.conversations import ConversationStore
from sender_app.ports.store.deliveries import DeliveryStore
from sender_app.ports.store.groups import GroupStore
from sender_app.ports.store.imports import ImportStore
from sender_app.ports.store.leases import LeaseStore
from sender_app.ports.store.media import MediaRecords
from sender_app.ports.store.members import MemberStore
from sender_app.ports.store.metrics import MetricsStore
from sender_app.ports.store.opt_outs import OptOutStore
from sender_app.ports.store.receipts import ReceiptStore
from sender_app.ports.store.templates import TemplateStore
from sender_app.ports.store.upkeep import UpkeepStore
from sender_app.ports.store.webhooks import WebhookStore
from sender_app.ports.store.workspaces import WorkspaceStore


class Store(Protocol):
    """All of it."""

    @property
    def workspaces(self) -> WorkspaceStore: ...

    @property
    def members(self) -> MemberStore: ...

    @property
    def audit(self) -> AuditStore: ...

    @property
    def api_keys(self) -> ApiKeyStore: ...

    @property
    def answers(self) -> AnswerStore: ...

    @property
    def accounts(self) -> AccountStore: ...

    @property
    def leases(self) -> LeaseStore: ...

    @property
    def contacts(self) -> ContactStore: ...

    @property
    def imports(self) -> ImportStore: ...

    @property
    def groups(self) -> GroupStore: ...

    @property
    def opt_outs(self) -> OptOutStore: ...

    @property
    def campaigns(self) -> CampaignStore: ...

    @property
    def audiences(self) -> AudienceStore: ...

    @property
    def templates(self) -> TemplateStore: ...

    @property
    def deliveries(self) -> DeliveryStore: ...

    @property
    def receipts(self) -> ReceiptStore: ...

    @property
    def conversations(self) -> ConversationStore: ...

    @property
    def answering(self) -> AnsweringStore: ...

    @property
    def media(self) -> MediaRecords: ...

    @property
    def metrics(self) -> MetricsStore: ...

    @property
    def webhooks(self) -> WebhookStore: ...

    @property
    def upkeep(self) -> UpkeepStore: ...
