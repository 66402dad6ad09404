"""The whole store on Redis."""

from redis import Redis

from sender_app.stores.redis.accounts import RedisAccounts
from sender_app.stores.redis.answering import RedisAnswering
from sender_app.stores.redis.answers import RedisAnswers
from sender_app.stores.redis.api_keys import RedisApiKeys
from sender_app.stores.redis.audiences import RedisAudiences
from sender_app.stores.redis.audit import RedisAudit
from sender_app.stores.redis.campaigns import RedisCampaigns
from sender_app.stores.redis.contacts import RedisContacts
from sender_app.stores.redis.conversations import RedisConversations
from sender_app.stores.redis.deliveries import RedisDeliveries
from sender_app.stores.redis.engine import RedisDatabase
from sender_app.stores.redis.groups import RedisGroups
from sender_app.stores.redis.imports import RedisImports
from sender_app.stores.redis.leases import RedisLeases
from sender_app.stores.redis.media import RedisMedia
from sender_app.stores.redis.members import RedisMembers
from sender_app.stores.redis.metrics import RedisMetrics
from sender_app.stores.redis.opt_outs import RedisOptOuts
from sender_app.stores.redis.receipts import RedisReceipts
from sender_app.stores.redis.templates import RedisTemplates
from sender_app.stores.redis.upkeep import RedisUpkeep
from sender_app.stores.redis.webhooks import RedisWebhooks
from sender_app.stores.redis.workspaces import RedisWorkspaces


class RedisStore:
    """See ports.store.Store."""

    def __init__(self, redis: Redis) -> None:
        self.database = RedisDatabase(redis)
        self.workspaces = RedisWorkspaces(self.database)
        self.accounts = RedisAccounts(self.database)
        self.campaigns = RedisCampaigns(self.database)
        self.leases = RedisLeases(self.database)
        self.contacts = RedisContacts(self.database)
        self.deliveries = RedisDeliveries(self.database)
        self.receipts = RedisReceipts(self.database)
        self.metrics = RedisMetrics(self.database)
        self.opt_outs = RedisOptOuts(self.database)
        self.imports = RedisImports(self.database)
        self.groups = RedisGroups(self.database)
        self.audiences = RedisAudiences(self.database)
        self.answers = RedisAnswers(self.database)
        self.api_keys = RedisApiKeys(self.database)
        self.audit = RedisAudit(self.database)
        self.media = RedisMedia(self.database)
        self.templates = RedisTemplates(self.database)
        self.answering = RedisAnswering(self.database)
        self.conversations = RedisConversations(self.database)
        self.members = RedisMembers(self.database)
        self.upkeep = RedisUpkeep(self.database)
        self.webhooks = RedisWebhooks(self.database)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()
