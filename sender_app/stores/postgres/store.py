"""The whole store on Postgres."""

from sender_app.stores.postgres.accounts import PostgresAccounts
from sender_app.stores.postgres.answering import PostgresAnswering
from sender_app.stores.postgres.answers import PostgresAnswers
from sender_app.stores.postgres.api_keys import PostgresApiKeys
from sender_app.stores.postgres.audiences import PostgresAudiences
from sender_app.stores.postgres.audit import PostgresAudit
from sender_app.stores.postgres.campaigns import PostgresCampaigns
from sender_app.stores.postgres.contacts import PostgresContacts
from sender_app.stores.postgres.conversations import PostgresConversations
from sender_app.stores.postgres.deliveries import PostgresDeliveries
from sender_app.stores.postgres.engine import Database
from sender_app.stores.postgres.groups import PostgresGroups
from sender_app.stores.postgres.imports import PostgresImports
from sender_app.stores.postgres.leases import PostgresLeases
from sender_app.stores.postgres.media import PostgresMedia
from sender_app.stores.postgres.members import PostgresMembers
from sender_app.stores.postgres.metrics import PostgresMetrics
from sender_app.stores.postgres.opt_outs import PostgresOptOuts
from sender_app.stores.postgres.receipts import PostgresReceipts
from sender_app.stores.postgres.templates import PostgresTemplates
from sender_app.stores.postgres.upkeep import PostgresUpkeep
from sender_app.stores.postgres.webhooks import PostgresWebhooks
from sender_app.stores.postgres.workspaces import PostgresWorkspaces


class PostgresStore:
    """See ports.store.Store. Connects at first use, so it may be made before a fork."""

    def __init__(self, url: str, *, most: int = 10, serving: bool = False) -> None:
        self.database = Database(url, most=most, serving=serving)
        self.workspaces = PostgresWorkspaces(self.database)
        self.members = PostgresMembers(self.database)
        self.audit = PostgresAudit(self.database)
        self.api_keys = PostgresApiKeys(self.database)
        self.answers = PostgresAnswers(self.database)
        self.accounts = PostgresAccounts(self.database)
        self.leases = PostgresLeases(self.database)
        self.contacts = PostgresContacts(self.database)
        self.imports = PostgresImports(self.database)
        self.groups = PostgresGroups(self.database)
        self.opt_outs = PostgresOptOuts(self.database)
        self.campaigns = PostgresCampaigns(self.database)
        self.audiences = PostgresAudiences(self.database)
        self.templates = PostgresTemplates(self.database)
        self.deliveries = PostgresDeliveries(self.database)
        self.receipts = PostgresReceipts(self.database)
        self.conversations = PostgresConversations(self.database)
        self.answering = PostgresAnswering(self.database)
        self.media = PostgresMedia(self.database)
        self.metrics = PostgresMetrics(self.database)
        self.webhooks = PostgresWebhooks(self.database)
        self.upkeep = PostgresUpkeep(self.database)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()
