"""What one recipient gets: parts of a campaign, in order."""

from uuid import uuid4

import pytest

from sender_app.domain.content import Attachment, Content, checked, from_config
from sender_app.domain.errors import RuleViolation
from sender_app.domain.media import MediaKind

PHOTO, OTHER, VOICE, PAPER = uuid4(), uuid4(), uuid4(), uuid4()
KINDS = {
    PHOTO: MediaKind.IMAGE,
    OTHER: MediaKind.IMAGE,
    VOICE: MediaKind.VOICE,
    PAPER: MediaKind.DOCUMENT,
}


def parts(text: str, *attachments: Attachment) -> list[tuple[str, object]]:
    content = checked([text], attachments, KINDS)
    return [(part.texts[0], part.media_id) for part in content.parts]


def test_a_text_alone_is_one_message():
    assert parts("Hola") == [("Hola", None)]


def test_the_text_is_the_caption_of_the_first_file_that_has_none():
    assert parts("Hola", Attachment(PHOTO), Attachment(OTHER, "dos")) == [
        ("Hola", PHOTO),
        ("dos", OTHER),
    ]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Hola", Attachment(VOICE)),
        ("Hola", Attachment(PHOTO, "uno")),
        ("x" * 1025, Attachment(PAPER)),
    ],
)
def test_else_the_text_comes_first_as_a_message_of_its_own(text: str, first: Attachment):
    assert parts(text, first) == [(text, None), (first.caption, first.media_id)]


def test_files_need_no_text():
    assert parts("  ", Attachment(VOICE), Attachment(PHOTO)) == [("", VOICE), ("", PHOTO)]
    content = checked([" "], [Attachment(PHOTO)], KINDS)
    assert content.parts[0].write({}, b"") == ""


def test_variants_go_as_captions_if_all_of_them_can():
    texts = ["Hola {nombre}", "Buenas {nombre}"]
    content = checked(texts, [Attachment(PHOTO)], KINDS)
    [part] = content.parts
    assert part.texts == tuple(texts)
    assert part.write({"nombre": "Ana"}, b"1") in ("Hola Ana", "Buenas Ana")
    assert len(checked([*texts, "x" * 1025], [Attachment(PHOTO)], KINDS).parts) == 2


def test_a_caption_that_cannot_be_read_is_refused():
    with pytest.raises(RuleViolation):
        checked(["Hola"], [Attachment(PHOTO, "{nombre")], KINDS)


@pytest.mark.parametrize(
    ("code", "text", "attachments"),
    [
        ("template_blank", " ", []),
        ("template_too_long", "x" * 4097, [Attachment(PHOTO)]),
        ("too_many_attachments", "", [Attachment(PHOTO)] * 11),
        ("caption_too_long", "", [Attachment(PHOTO, "x" * 1025)]),
        ("caption_not_possible", "", [Attachment(VOICE, "x")]),
    ],
)
def test_what_cannot_be_sent_is_refused(code: str, text: str, attachments: list[Attachment]):
    with pytest.raises(RuleViolation) as refused:
        checked([text], attachments, KINDS)
    assert refused.value.code == code


def test_placeholders_of_every_part_count():
    content = checked(
        ["Hola {nombre}"], [Attachment(PHOTO), Attachment(OTHER, "{Grupo} {nombre}")], KINDS
    )
    assert content.placeholders == ("nombre", "grupo")
    assert content.missing({"nombre": "Ana"}) == ("grupo",)


@pytest.mark.parametrize("text", ["Hola", "", "x" * 2000])
def test_it_is_the_same_after_it_was_stored(text: str):
    content = checked([text], [Attachment(PHOTO), Attachment(PAPER, "leer")], KINDS)
    assert from_config(content.texts, content.to_config()) == content
    assert from_config(["Hola"], {}) == Content(("Hola",))
