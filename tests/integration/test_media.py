"""Files in campaigns: uploaded once through the real neonize, and what the virtual phones got."""

import hashlib
import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sender_app.domain.campaign import CampaignStatus, PauseReason
from sender_app.domain.content import Attachment
from sender_app.domain.errors import RuleViolation
from sender_app.domain.media import Media, MediaKind
from sender_app.services.drafts import Draft
from tests.files import picture, sound, video
from tests.stack import NUMBER, Stack, eventually

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 400 + b"\n%%EOF"


def inbox(stack: Stack) -> dict[str, list[dict]]:
    """What each phone got, in order."""
    got = defaultdict(list)
    for message in stack.loopback.messages(limit=10_000):
        got[message["recipient"]].append(message)
    return got


def stored(stack: Stack, media: Media) -> bytes:
    return stack.services.media.content(stack.actor, media.id)[1]


@pytest.mark.parametrize("kept_in", ["postgres", "redis"])
def test_every_phone_gets_every_file_with_its_caption_in_order(stack: Stack):
    stack.link()
    files = [
        stack.add_media(picture(), "playa.jpg"),
        stack.add_media(video(), "fiesta.mp4"),
        stack.add_media(sound(), "saludo.wav"),
        stack.add_media(PDF, "Lista de precios.pdf"),
        stack.add_media(picture("PNG", colour="navy"), "logo.png"),
    ]
    captions = ["", "Para {nombre}", "", "Precios de {grupo}", ""]
    attachments = [Attachment(f.id, c) for f, c in zip(files, captions, strict=True)]
    campaign = stack.finished(stack.send(6, attachments=attachments))
    assert (campaign.sent_count, campaign.error_count) == (6, 0)
    got = inbox(stack)
    assert len(got) == 6
    for n in range(6):
        messages = got[f"595982{n:06d}"]
        assert [m["kind"] for m in messages] == ["image", "video", "audio", "document", "image"]
        assert [m["caption"] for m in messages] == [
            f"Hola Sr. Persona {n}",
            f"Para Persona {n}",
            "",
            f"Precios de G{n % 3}",
            "",
        ]
        assert messages[3]["filename"] == "Lista de precios.pdf"
        assert [m["mimetype"] for m in messages] == [file.mime for file in files]
        for message, file in zip(messages, files, strict=True):
            assert message["media_sha256"] == file.sha256
    for message, file in zip(got["595982000000"], files, strict=True):
        assert stack.loopback.media(message["seq"]) == stored(stack, file)
        assert hashlib.sha256(stored(stack, file)).hexdigest() == file.sha256
    assert stack.loopback.media(got["595982000000"][3]["seq"]) == PDF
    secrets = [m["secret_hex"] for messages in got.values() for m in messages]
    assert len(set(secrets)) == 30
    eventually(lambda: stack.now(campaign).delivered_count == 6, what="delivery")


def test_a_phone_sees_what_a_file_is_before_it_loads_it(stack: Stack):
    stack.link()
    files = [
        stack.add_media(picture(), "playa.jpg"),
        stack.add_media(video(seconds=3), "fiesta.mp4"),
        stack.add_media(sound(seconds=2), "saludo.wav"),
    ]
    stack.finished(stack.send(1, "", attachments=[Attachment(file.id) for file in files]))
    image, film, voice = (json.loads(m["shown"]) for m in inbox(stack)["595982000000"])
    assert (image["width"], image["height"]) == (640, 400)
    assert bytes.fromhex(image["thumbnail_hex"]).startswith(b"\xff\xd8\xff")
    assert (film["width"], film["height"], film["seconds"]) == (320, 240, 3)
    assert bytes.fromhex(film["thumbnail_hex"]).startswith(b"\xff\xd8\xff")
    assert (voice["voice"], voice["seconds"]) == (True, 2)
    assert bytes.fromhex(voice["waveform_hex"]) == files[2].waveform


def test_a_file_goes_up_once_for_a_campaign_and_again_for_no_other(stack: Stack):
    stack.link()
    photo = stack.add_media(picture(), "playa.jpg")
    stack.finished(stack.send(20, attachments=[Attachment(photo.id)]))
    assert uploads(stack) == 1
    stack.kill_worker()
    stack.start_worker()
    stack.finished(stack.send(5, start=50, attachments=[Attachment(photo.id)]))
    assert uploads(stack) == 1  # what the first process uploaded still holds
    account, long_ago = stack.account().id, datetime.now(UTC) - timedelta(days=4)
    upload = stack.store.media.find_upload(account, photo.id, long_ago)
    stack.store.media.note_upload(account, photo.id, replace(upload, at=long_ago))
    stack.kill_worker()
    stack.start_worker()
    stack.finished(stack.send(5, start=80, attachments=[Attachment(photo.id)]))
    assert uploads(stack) == 2
    assert sorted(stack.loopback.count().values()) == [1] * 30


def uploads(stack: Stack) -> int:
    folder = stack.whatsapp.data / "media" / "encrypted"
    return len([path for path in folder.iterdir() if not path.name.startswith(".")])


def test_a_voice_note_alone_needs_no_text(stack: Stack):
    stack.link()
    voice = stack.add_media(sound(), "saludo.wav")
    campaign = stack.finished(stack.send(3, " ", attachments=[Attachment(voice.id)]))
    assert campaign.sent_count == 3
    assert [m["kind"] for m in stack.loopback.messages()] == ["audio"] * 3


def test_a_text_before_a_voice_note_is_a_message_of_its_own(stack: Stack):
    stack.link()
    voice = stack.add_media(sound(), "saludo.wav")
    stack.finished(stack.send(2, "Hola {nombre}", attachments=[Attachment(voice.id)]))
    assert [(m["kind"], m["text"]) for m in inbox(stack)["595982000001"]] == [
        ("text", "Hola Persona 1"),
        ("audio", ""),
    ]


def test_an_upload_that_fails_is_tried_again_and_nobody_is_claimed_meanwhile(stack: Stack):
    stack.link()
    photo = stack.add_media(picture(), "playa.jpg")
    stack.loopback.fail("upload_failed", code=500, count=2)
    campaign = stack.send(3, attachments=[Attachment(photo.id)])
    assert stack.finished(campaign).sent_count == 3
    rows = stack.services.campaigns.recipients(stack.actor, campaign.id).rows
    assert {row.error_code for row in rows} == {None}


def test_a_campaign_whose_file_is_gone_is_paused_with_the_reason_and_others_go_on(stack: Stack):
    stack.link()
    photo = stack.add_media(picture(), "playa.jpg")
    bootstrap_files(stack).delete(photo.storage_key)
    campaign = stack.send(3, attachments=[Attachment(photo.id)])
    eventually(lambda: stack.now(campaign).status is CampaignStatus.PAUSED, what="the pause")
    assert stack.now(campaign).pause_reason is PauseReason.MEDIA
    assert stack.finished(stack.send(2, start=10)).sent_count == 2
    bootstrap_files(stack).put(photo.storage_key, picture())
    stack.services.campaigns.resume(stack.actor, campaign.id)
    assert stack.finished(campaign).sent_count == 3


def bootstrap_files(stack: Stack):
    return stack.services.media.files


def test_the_account_hears_and_keeps_its_lease_while_a_large_file_goes_up(stack: Stack):
    """The media host takes 9 seconds, longer than the lease lives; a reply is heard meanwhile."""
    stack.link()
    paper = stack.add_media(PDF, "x.pdf")
    stack.loopback.fail("upload_slow", delay_ms=9000, count=1)
    campaign = stack.send(2, attachments=[Attachment(paper.id)])
    eventually(lambda: any(rule["hits"] for rule in stack.loopback.rules()), what="the upload")
    before = stack.account()
    stack.loopback.reply(NUMBER, "595982000001", "BAJA")
    workspace = stack.actor.workspace_id
    heard = eventually(
        lambda: stack.store.deliveries.opted_out(workspace, ["+595982000001"]), what="the opt-out"
    )
    assert heard
    assert uploads(stack) == 0
    done = stack.finished(campaign)
    assert (done.sent_count, done.skipped_count) == (1, 1)
    assert stack.account().last_online_at == before.last_online_at


@pytest.mark.parametrize("rejected", [0, 1, 2])
def test_a_part_that_is_rejected_ends_the_recipient_and_a_retry_sends_only_the_rest(
    stack: Stack, rejected: int
):
    stack.link()
    photos = [stack.add_media(picture(colour=c), f"{c}.jpg") for c in ("red", "green", "blue")]
    attachments = [Attachment(photo.id, photo.filename) for photo in photos]
    stack.loopback.fail("ack_error", code=479, count=1, after=rejected)
    campaign = stack.finished(stack.send(1, "", attachments=attachments))
    assert (campaign.sent_count, campaign.error_count) == (0, 1)
    [row] = stack.services.campaigns.recipients(stack.actor, campaign.id).rows
    assert (row.error_code, row.parts_sent) == ("rejected_479", rejected)
    stack.services.campaigns.retry_failed(stack.actor, campaign.id)
    assert stack.finished(campaign).sent_count == 1
    got = [m["caption"] for m in inbox(stack)["595982000000"]]
    assert got == [photo.filename for photo in photos]


def test_a_photo_may_go_as_a_document(stack: Stack):
    stack.link()
    photo = stack.add_media(picture(), "playa.jpg", MediaKind.DOCUMENT)
    stack.finished(stack.send(1, attachments=[Attachment(photo.id)]))
    [message] = stack.loopback.messages()
    assert (message["kind"], message["filename"]) == ("document", "playa.jpg")
    assert message["caption"] == "Hola Sr. Persona 0"


def test_a_draft_keeps_its_files_and_a_test_to_oneself_shows_them(stack: Stack):
    account = stack.link()
    drafts = stack.services.drafts
    photo, voice = stack.add_media(picture(), "playa.jpg"), stack.add_media(sound(), "saludo.wav")
    check = stack.services.imports.check_file(
        stack.actor, "x.csv", b"0982000001,Sr.,Luis,G1\n0982000002,Sra.,Ana,G2\n"
    )
    texts = ("Hola {nombre}", "Buenas {nombre}")
    draft = Draft(
        account.id,
        "Con fotos",
        texts,
        check.file_id,
        attachments=(Attachment(voice.id), Attachment(photo.id, "De {grupo}")),
    )
    campaign = drafts.create_draft(stack.actor, draft)
    swapped = replace(draft, attachments=draft.attachments[::-1])
    drafts.save_draft(stack.actor, campaign.id, swapped)
    assert drafts.get_draft(stack.actor, campaign.id).attachments == swapped.attachments
    test = drafts.send_test(
        stack.actor,
        account.id,
        "Hola {Luis}",
        "0982 000 009",
        [Attachment(photo.id), Attachment(voice.id)],
    )
    stack.finished(test)
    assert [(m["kind"], m["caption"]) for m in inbox(stack)["595982000009"]] == [
        ("image", "Hola {Luis}"),
        ("audio", ""),
    ]
    stack.finished(drafts.launch(stack.actor, campaign.id, confirmed=2))
    got = inbox(stack)["595982000002"]
    assert [m["kind"] for m in got] == ["text", "image", "audio"]
    assert got[0]["text"] in ("Hola Ana", "Buenas Ana")
    assert got[1]["caption"] == "De G2"


def test_a_draft_whose_captions_lack_something_does_not_start(stack: Stack):
    account = stack.link()
    drafts = stack.services.drafts
    photo = stack.add_media(picture(), "playa.jpg")
    check = stack.services.imports.check_file(stack.actor, "x.csv", b"0982000001,Sr.,Luis,\n")
    files = (Attachment(photo.id), Attachment(photo.id, "De {grupo}"))
    draft = Draft(account.id, "x", ("Hola",), check.file_id, attachments=files)
    campaign = drafts.create_draft(stack.actor, draft)
    look = drafts.preflight(stack.actor, campaign.id)
    assert [gap.missing for gap in look.gaps] == [("grupo",)]
    assert look.problem is not None
    with pytest.raises(RuleViolation):
        drafts.launch(stack.actor, campaign.id, confirmed=1)
