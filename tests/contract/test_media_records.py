"""What every store promises about files: who sees them, and when nobody needs them any more."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign, CampaignStatus
from sender_app.domain.content import Attachment, Content
from sender_app.domain.errors import NotFound
from sender_app.domain.media import Media, MediaKind, Prepared, Upload
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Store
from sender_app.ports.store.campaigns import NewCampaign

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=31)
DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
VOICE = Prepared(
    MediaKind.VOICE, "audio/ogg; codecs=opus", "nota.ogg", b"sound", seconds=2.5, waveform=b"\1\2"
)
PHOTO = Prepared(MediaKind.IMAGE, "image/jpeg", "x.jpg", b"pixels", b"thumb", width=640, height=400)


class Shelf:
    """A workspace with an account and files."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.workspace = store.workspaces.ensure("alice", "Alice", DEFAULTS)
        self.account = store.accounts.create(self.workspace.id, "alice", "WhatsApp")

    def add(self, file: Prepared = PHOTO) -> Media:
        key = f"media/{self.workspace.id}/{uuid4()}"
        return self.store.media.add(self.workspace.id, "alice", file, "00" * 32, key)

    def campaign(self, *media: Media, status: CampaignStatus = CampaignStatus.RUNNING) -> Campaign:
        content = Content(("Hola",), tuple(Attachment(m.id) for m in media))
        new = NewCampaign(
            self.account.id, "x", "Hola", status, {}, media_config=content.to_config()
        )
        rows = [AudienceRow(1, "+595981000001")]
        return self.store.campaigns.create(self.workspace.id, "alice", new, [ContactBatch.of(rows)])

    def expired(self, before: datetime = LATER) -> list[UUID]:
        return [media.id for media in self.store.media.expire(before, 100)]


@pytest.fixture
def shelf(store: Store) -> Shelf:
    return Shelf(store)


def test_it_knows_what_was_said_about_a_file(shelf: Shelf):
    voice, photo = shelf.add(VOICE), shelf.add()
    assert shelf.store.media.get(shelf.workspace.id, voice.id) == voice
    assert (voice.kind, voice.duration, voice.waveform) == (MediaKind.VOICE, 2.5, b"\1\2")
    assert (voice.size, voice.has_thumbnail, photo.has_thumbnail) == (5, False, True)
    assert shelf.store.media.find(shelf.workspace.id, [voice.id, photo.id, uuid4()]) == {
        voice.id: voice,
        photo.id: photo,
    }


def test_a_file_of_another_workspace_is_not_found(shelf: Shelf):
    photo = shelf.add()
    other = shelf.store.workspaces.ensure("charlie", "Charlie", DEFAULTS)
    with pytest.raises(NotFound):
        shelf.store.media.get(other.id, photo.id)
    assert shelf.store.media.find(other.id, [photo.id]) == {}
    account = shelf.store.accounts.create(other.id, "charlie", "WhatsApp")
    config = Content(("",), (Attachment(photo.id),)).to_config()
    new = NewCampaign(account.id, "x", "Hola", CampaignStatus.RUNNING, {}, media_config=config)
    batch = ContactBatch.of([AudienceRow(1, "+595981000001")])
    with pytest.raises(NotFound):
        shelf.store.campaigns.create(other.id, "charlie", new, [batch])
    assert shelf.store.campaigns.list(other.id, None, 10).rows == []


def test_a_campaign_keeps_its_files_in_order(shelf: Shelf):
    files = [shelf.add() for _ in range(3)]
    campaign = shelf.campaign(*reversed(files))
    assert [a.media_id for a in campaign.content.attachments] == [
        file.id for file in reversed(files)
    ]


@pytest.mark.parametrize(
    "status",
    [
        CampaignStatus.RUNNING,
        CampaignStatus.DRAFT,
        CampaignStatus.SCHEDULED,
        CampaignStatus.AWAITING,
    ],
)
def test_files_go_when_nobody_uses_them_any_more(shelf: Shelf, status: CampaignStatus):
    used, unused = shelf.add(), shelf.add()
    shelf.campaign(used, status=status)
    assert shelf.expired(NOW - timedelta(days=1)) == []
    assert shelf.expired() == [unused.id]
    with pytest.raises(NotFound):
        shelf.store.media.get(shelf.workspace.id, unused.id)
    with pytest.raises(NotFound):
        shelf.campaign(unused)
    assert shelf.expired() == [unused.id]  # again, until its bytes are gone
    shelf.store.media.forget([unused.id, used.id])
    assert shelf.expired() == []
    assert shelf.store.media.get(shelf.workspace.id, used.id) == used


def test_files_of_a_campaign_that_ended_are_kept_as_long_as_others(shelf: Shelf):
    photo = shelf.add()
    campaign = shelf.campaign(photo)
    shelf.store.campaigns.move(
        campaign.id, frozenset({CampaignStatus.RUNNING}), CampaignStatus.CANCELLED
    )
    ended = shelf.store.campaigns.get(shelf.workspace.id, campaign.id).finished_at
    assert ended is not None
    assert shelf.expired(ended - timedelta(seconds=1)) == []
    assert shelf.expired(LATER) == [photo.id]


def test_a_file_that_a_campaign_takes_up_this_moment_does_not_go(shelf: Shelf, database_url: str):
    """The job has seen the file unused, and waits for its row, which the campaign holds."""
    photo = shelf.add()
    with psycopg.connect(database_url) as campaign:
        campaign.execute(
            "UPDATE media SET used_at = now() + interval '60 days' WHERE id = %s", (photo.id,)
        )
        from threading import Thread

        found: list[UUID] = []
        job = Thread(target=lambda: found.extend(shelf.expired()))
        job.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        with psycopg.connect(database_url, autocommit=True) as watch:
            while not watch.execute(waiting).fetchone()[0]:  # type: ignore[index]
                pass
        campaign.commit()
        job.join()
    assert found == []


def test_it_keeps_the_latest_upload_of_each_account(shelf: Shelf):
    photo = shelf.add()

    def upload(path: str, at: datetime) -> Upload:
        return Upload(f"https://x{path}", path, b"k" * 32, b"s" * 32, b"e" * 32, 6, at)

    first, second = upload("/1", NOW), upload("/2", NOW + timedelta(hours=1))
    store, account = shelf.store.media, shelf.account.id
    assert store.find_upload(account, photo.id, NOW - timedelta(days=1)) is None
    for one in (first, second):
        store.note_upload(account, photo.id, one)
        assert store.find_upload(account, photo.id, NOW - timedelta(days=1)) == one
    assert store.find_upload(account, photo.id, NOW + timedelta(hours=2)) is None
    other = store_account(shelf)
    assert store.find_upload(other, photo.id, NOW - timedelta(days=1)) is None


def store_account(shelf: Shelf) -> UUID:
    return shelf.store.accounts.create(shelf.workspace.id, "alice", "Otra").id
