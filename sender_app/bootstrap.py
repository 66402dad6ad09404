"""Wires adapters to ports: the one place that knows which is which. Nothing connects until used."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from redis import Redis

from sender_app import __version__
from sender_app.adapters.contact_files.reader import PolarsContactReader
from sender_app.adapters.linked_devices import DeviceStore, PostgresDevices
from sender_app.adapters.media_reader import ProcessMediaReader
from sender_app.adapters.media_store import BucketMediaStore, FolderMediaStore
from sender_app.adapters.no_provider import NoProvider
from sender_app.adapters.observed_gateway import ObservedGateway
from sender_app.adapters.probes import RedisProbes, ServerProbes
from sender_app.adapters.processes import end_owner
from sender_app.adapters.prometheus import exposition
from sender_app.adapters.redis_cache import RedisCache
from sender_app.adapters.redis_client import connect
from sender_app.adapters.redis_devices.process import RedisDevices
from sender_app.adapters.redis_events import RedisControl, RedisEvents
from sender_app.adapters.redis_hub import Hub
from sender_app.adapters.redis_leases import LockedLeases
from sender_app.adapters.redis_meter import RedisMeter
from sender_app.adapters.redis_pairing import RedisPairingBoard
from sender_app.adapters.redis_sessions import RedisSessions
from sender_app.adapters.redis_undoables import RedisUndoables
from sender_app.adapters.rq_queue import RqQueue
from sender_app.adapters.rq_queues import RqQueues
from sender_app.adapters.sealing import WebhookSecrets
from sender_app.adapters.sheets import CsvWriter, XlsxWriter
from sender_app.adapters.webhook_client import GuardedClient
from sender_app.config import settings
from sender_app.domain import media
from sender_app.domain.pacing import Pace
from sender_app.ports.contact_reader import ContactReader
from sender_app.ports.identity import IdentityProvider
from sender_app.ports.limits import Limits
from sender_app.ports.media import MediaStore
from sender_app.ports.store import Store
from sender_app.ports.telemetry import Observer, Probes
from sender_app.ports.whatsapp import Gateway
from sender_app.services.accounts import Accounts
from sender_app.services.api_keys import ApiKeys
from sender_app.services.audit import AuditLog, audited
from sender_app.services.bearer import Bearers
from sender_app.services.book_upkeep import BookUpkeep
from sender_app.services.campaigns import Campaigns
from sender_app.services.contacts import Contacts
from sender_app.services.conversations import Conversations
from sender_app.services.courier import Courier
from sender_app.services.dashboard import Dashboard
from sender_app.services.drafts import Drafts
from sender_app.services.import_job import ImportJob, ImportWatch
from sender_app.services.imports import Imports
from sender_app.services.media import MediaLibrary
from sender_app.services.members import Members
from sender_app.services.once import Once
from sender_app.services.opt_outs import OptOuts
from sender_app.services.reconcile import Reconciler
from sender_app.services.results import Results
from sender_app.services.retention import Retention
from sender_app.services.sending import Sending
from sender_app.services.serving.account import Serving
from sender_app.services.serving.desk import Timings
from sender_app.services.sign_in import SignIn
from sender_app.services.system import System
from sender_app.services.team_login import TeamLogin
from sender_app.services.templates import Templates
from sender_app.services.webhooks import Webhooks
from sender_app.services.workspaces import Workspaces
from sender_app.stores.postgres.engine import Database
from sender_app.stores.postgres.observation import PostgresObserver
from sender_app.stores.postgres.store import PostgresStore
from sender_app.stores.redis.engine import RedisDatabase
from sender_app.stores.redis.observation import RedisObserver
from sender_app.stores.redis.store import RedisStore
from sender_app.text import translate


@dataclass(frozen=True, slots=True)
class Services:
    """Every use case."""

    sign_in: SignIn
    team: TeamLogin
    bearers: Bearers
    api_keys: ApiKeys
    once: Once
    members: Members
    audit: AuditLog
    workspaces: Workspaces
    accounts: Accounts
    imports: Imports
    media: MediaLibrary
    campaigns: Campaigns
    drafts: Drafts
    sending: Sending
    templates: Templates
    results: Results
    contacts: Contacts
    opt_outs: OptOuts
    conversations: Conversations
    dashboard: Dashboard
    webhooks: Webhooks
    courier: Courier
    import_job: ImportJob
    reconciler: Reconciler
    book_upkeep: BookUpkeep
    retention: Retention
    system: System


@cache
def redis() -> Redis:
    """The Redis client of this process."""
    return connect(settings().redis_url)


@cache
def store() -> Store:
    """The store of this process."""
    return new_store()


def new_store(*, most: int = 10, serving: bool = False) -> Store:
    """A store with connections of its own: at most so many, or those of an account's process."""
    if settings().in_redis:
        return RedisStore(connect(settings().redis_url))
    return PostgresStore(settings().postgres_url, most=most, serving=serving)


@cache
def serving_store() -> Store:
    """The store of an account's process. It may be used before the fork, if it is closed then."""
    return new_store(serving=True)


def files() -> MediaStore:
    """Where uploaded files are."""
    bucket = settings().s3_bucket
    if not bucket:
        return FolderMediaStore(settings().data_dir / "media")
    return BucketMediaStore(
        bucket=bucket,
        endpoint=settings().s3_endpoint,
        region=settings().s3_region,
        access_key=settings().s3_access_key,
        secret_key=settings().s3_secret_key.get_secret_value(),
    )


def media_limits() -> media.Limits:
    """The installation's limits for files."""
    mb = 1024 * 1024
    return media.Limits(
        image=settings().media_image_mb * mb,
        video=settings().media_video_mb * mb,
        voice=settings().media_audio_mb * mb,
        document=settings().media_document_mb * mb,
    )


def contact_reader() -> ContactReader:
    """The reader of contact files."""
    return PolarsContactReader()


def default_pace() -> Pace:
    """The installation's limits, where a workspace or account has none of its own."""
    return Pace(interval=settings().pace_interval, jitter=settings().pace_jitter)


@cache
def identity_provider() -> IdentityProvider:
    """The team's OpenID provider, or none. Its libraries load only where there is one."""
    if not settings().oidc_issuer:
        return NoProvider()
    from sender_app.adapters.oidc import Client, OidcProvider

    client = Client(
        client_id=settings().oidc_client_id,
        base_url=settings().base_url,
        scopes=settings().oidc_scopes,
        leeway=settings().oidc_leeway,
        secret=settings().oidc_client_secret.get_secret_value(),
        audience=settings().oidc_api_audience,
    )
    return OidcProvider(settings().oidc_issuer, client, settings().claim_rules)


@cache
def limits() -> Limits:
    """Limits on attempts to sign in; only the web tier loads the library."""
    from sender_app.adapters.redis_limits import RedisLimits

    return RedisLimits(redis())


@cache
def services() -> Services:
    """The use cases of this process."""
    queue, control, events = RqQueue(redis()), RedisControl(redis()), RedisEvents(redis())
    kept, undoables = files(), RedisUndoables(redis(), settings().secret_key.get_secret_value())
    imports = Imports(store(), kept, contact_reader(), queue, events)
    campaigns = Campaigns(store(), queue, control, events, imports, default_pace(), undoables)
    accounts = Accounts(store(), queue, RedisPairingBoard(redis()), control, default_pace())
    defaults = {
        "default_country": settings().default_country,
        "time_zone": settings().default_time_zone,
        "language": settings().default_language,
    }
    workspaces = Workspaces(store(), control, defaults, default_pace())
    sessions = RedisSessions(redis(), settings().secret_key.get_secret_value())
    rules = settings().claim_rules
    team = TeamLogin(sessions, store(), workspaces, identity_provider(), rules)
    drafts = Drafts(store(), imports, campaigns)
    secrets = WebhookSecrets(settings().secret_key.get_secret_value())
    client = GuardedClient(settings().webhook_allowed, agent=f"Sender/{__version__}")
    sheets = {"csv": CsvWriter(), "xlsx": XlsxWriter()}
    return Services(
        sign_in=SignIn(sessions, store(), workspaces, team, settings().local_sign_in_allowed),
        team=team,
        bearers=Bearers(store(), sessions, workspaces, identity_provider(), rules),
        api_keys=audited(ApiKeys(store()), "api_keys", store()),
        once=Once(store()),
        members=audited(Members(store()), "members", store()),
        audit=AuditLog(store()),
        workspaces=audited(workspaces, "workspaces", store()),
        accounts=audited(accounts, "accounts", store()),
        imports=audited(imports, "imports", store()),
        campaigns=audited(campaigns, "campaigns", store()),
        drafts=audited(drafts, "drafts", store()),
        sending=audited(Sending(store(), imports, drafts, campaigns), "sending", store()),
        templates=audited(Templates(store(), undoables), "templates", store()),
        results=audited(Results(store(), sheets), "results", store()),
        contacts=audited(Contacts(store(), queue, control, undoables), "contacts", store()),
        opt_outs=audited(OptOuts(store(), undoables), "opt_outs", store()),
        conversations=audited(
            Conversations(store(), queue, control, events), "conversations", store()
        ),
        media=audited(
            MediaLibrary(
                store(),
                kept,
                ProcessMediaReader(),
                media_limits(),
                timedelta(days=settings().media_days),
            ),
            "media",
            store(),
        ),
        dashboard=Dashboard(store(), RedisCache(redis())),
        webhooks=audited(Webhooks(store(), queue, client, secrets), "webhooks", store()),
        courier=Courier(store(), client, secrets),
        import_job=ImportJob(store(), kept, contact_reader(), events, _explained),
        reconciler=Reconciler(store(), queue, ImportWatch(store(), queue, events)),
        book_upkeep=BookUpkeep(store()),
        retention=Retention(
            store(),
            keep_events=timedelta(days=settings().keep_events),
            keep_replies=timedelta(days=settings().keep_replies),
            keep_webhooks=timedelta(days=settings().keep_webhooks),
        ),
        system=System(__version__, probes(), observer(), RqQueues(redis())),
    )


def _explained(language: str, code: str, params: dict[str, object]) -> str:
    """What is wrong with a row, in a language."""
    return translate(language, f"error.{code}", **params)


@cache
def hub() -> Hub:
    """The live events of this web process."""
    return Hub(settings().redis_url)


@cache
def probes() -> Probes:
    """What tells whether this process can work."""
    if settings().in_redis:
        return RedisProbes(settings().redis_url, everysec=settings().may_forget_a_second)
    return ServerProbes(settings().postgres_url, settings().redis_url)


@cache
def meter() -> RedisMeter:
    """Counts and times what this process does."""
    return RedisMeter(redis())


def figures() -> bytes:
    """The installation's figures for Prometheus. Raises where a server cannot be reached."""
    meter().flush()
    return exposition(__version__, observer().observe(), RqQueues(redis()).depths(), meter().sums())


@cache
def observer() -> Observer:
    """What looks at the whole installation."""
    if settings().in_redis:
        return RedisObserver(RedisDatabase(redis()))
    return PostgresObserver(Database(settings().postgres_url, most=2))


def gateway() -> Gateway:
    """The WhatsApp gateway. Loads the Go library: only ever called in an account's process."""
    if settings().gateway == "noop":
        from sender_app.adapters.noop_gateway import NoopGateway

        return ObservedGateway(NoopGateway(), meter())
    devices = _devices()
    from sender_app.adapters.neonize_gateway import NeonizeGateway

    return ObservedGateway(NeonizeGateway(devices), meter())


def _devices() -> DeviceStore:
    """Where linked devices are kept. In Redis it forks, which the Go library does not survive."""
    if settings().in_redis:
        return RedisDevices(settings().redis_url, settings().secret_key.get_secret_value())
    return PostgresDevices(settings().postgres_url)


def serving() -> Serving:
    """What an account's process does. A broken connection ends it, and the next one takes over."""
    store = serving_store()
    return Serving(
        store=store,
        leases=LockedLeases(store.leases, redis()),
        gateway=gateway(),
        files=files(),
        board=RedisPairingBoard(redis()),
        control=RedisControl(redis()),
        events=RedisEvents(redis()),
        default_pace=default_pace(),
        end_owner=end_owner,
        timings=Timings(
            lease_ttl=timedelta(seconds=settings().lease_ttl),
            linger=timedelta(seconds=settings().linger),
            window=settings().send_window,
            group=settings().commit_group,
            send=timedelta(seconds=settings().send_limit),
            reply_window=timedelta(days=settings().reply_window),
            upload=timedelta(seconds=settings().upload_limit),
        ),
    )
