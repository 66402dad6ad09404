"""Files of a message: choosing and ordering them, and how a phone will show them."""

from typing import Any, cast

import reflex as rx
from reflex.event import EventHandler, passthrough_event_spec

from sender_app.components.browser import typed_field
from sender_app.components.ui import button, icon
from sender_app.components.words import file_size, tr
from sender_app.components.writing import whatsapp_text
from sender_app.domain.content import MAX_CAPTION
from sender_app.states.attachments import Attachments, AttachmentView


class _MediaPicker(rx.Component):
    library = "$/public/attachments.js"
    tag = "MediaPicker"
    label: rx.Var[str]
    document_label: rx.Var[str]
    hint: rx.Var[str]
    fault: rx.Var[str]
    room: rx.Var[int]
    on_added: EventHandler[passthrough_event_spec(str)]
    on_refused: EventHandler[passthrough_event_spec(str)]


def attachments(state: type[Attachments]) -> rx.Component:
    """The files of the message being written in `state`, and the way to add more."""
    return rx.el.fieldset(
        rx.el.legend(tr("attachments.title"), class_name="field-label"),
        rx.cond(
            state.attachments.length() > 0,
            rx.el.ol(
                rx.foreach(state.attachments, lambda one, n: _row(state, one, n)),
                class_name="attachments",
            ),
        ),
        _MediaPicker.create(
            icon("image-plus"),
            icon("paperclip"),
            label=tr("attachments.add"),
            document_label=tr("attachments.add_document"),
            hint=rx.cond(state.room > 0, tr("attachments.hint"), tr("attachments.full")),
            fault=tr("attachments.fault"),
            room=state.room,
            on_added=state.attach,
            on_refused=state.refuse_attachment,
        ),
        rx.cond(
            (state.attachments.length() > 0) & ~state.text_is_caption & (state.preview != ""),
            rx.el.p(tr("attachments.text_first"), class_name="hint"),
        ),
        class_name="field files",
    )


def _row(state: type[Attachments], one: rx.Var[AttachmentView], n: rx.Var[int]) -> rx.Component:
    last = n == state.attachments.length() - 1
    return rx.el.li(
        _thumb(one),
        rx.el.div(
            rx.el.div(rx.el.strong(one.filename), _about(one), class_name="attachment-title"),
            rx.cond(
                one.takes_caption & ~((n == 0) & state.text_is_caption),
                typed_field(
                    one.caption,
                    lambda text: state.caption_attachment(n, text),
                    max_length=MAX_CAPTION,
                    placeholder=tr("attachments.caption"),
                    aria_label=tr("attachments.caption_of", name=one.filename),
                ),
                rx.cond(
                    one.takes_caption,
                    rx.el.span(tr("attachments.text_here"), class_name="hint"),
                ),
            ),
            class_name="attachment-body",
        ),
        rx.el.div(
            button(
                icon("arrow-up"),
                kind="quiet",
                on_click=state.move_attachment(n, -1),
                disabled=n == 0,
                aria_label=tr("attachments.up", name=one.filename),
            ),
            button(
                icon("arrow-down"),
                kind="quiet",
                on_click=state.move_attachment(n, 1),
                disabled=last,
                aria_label=tr("attachments.down", name=one.filename),
            ),
            button(
                icon("x"),
                kind="quiet",
                on_click=state.detach(n),
                aria_label=tr("attachments.remove", name=one.filename),
            ),
            class_name="attachment-moves",
        ),
        key=one.id,
    )


def _thumb(one: rx.Var[AttachmentView]) -> rx.Component:
    return rx.el.div(
        rx.cond(
            one.thumbnail != "",
            rx.el.img(src=one.thumbnail, alt=""),
            cast(
                rx.Component,
                rx.match(
                    one.kind,
                    ("voice", icon("mic", 22)),
                    ("video", icon("film", 22)),
                    ("image", icon("image", 22)),
                    icon("file-text", 22),
                ),
            ),
        ),
        class_name="thumb",
    )


def _about(one: rx.Var[AttachmentView]) -> rx.Component:
    return rx.el.span(
        cast(
            rx.Component,
            rx.match(
                one.kind,
                ("image", rx.fragment(tr("attachments.image"))),
                ("video", rx.fragment(tr("attachments.video"))),
                ("voice", rx.fragment(tr("attachments.voice"))),
                rx.fragment(tr("attachments.document")),
            ),
        ),
        " · ",
        file_size(one.size),
        rx.cond(one.lasts != "", rx.fragment(" · ", one.lasts)),
        class_name="hint",
    )


def file_bubbles(files: rx.Var[list[AttachmentView]], text: rx.Var[str] | rx.Var) -> rx.Component:
    """Files as a phone shows them, in order, with their captions; `text`, unless blank, is the
    first one's."""
    return rx.el.div(
        rx.foreach(
            files,
            lambda one, n: rx.el.div(
                _shown(one),
                _caption(rx.cond((n == 0) & (text != ""), text, one.shown_caption)),
                class_name="bubble bubble-file",
                key=one.id,
            ),
        ),
        class_name="chat",
    )


def _caption(text: Any) -> rx.Component:
    return rx.cond(text != "", whatsapp_text(text, "caption"))


def _shown(one: rx.Var[AttachmentView]) -> rx.Component:
    """The file itself; only pictures load before somebody asks for them."""
    return cast(
        rx.Component,
        rx.match(
            one.kind,
            ("image", rx.el.img(src=one.source, alt=one.filename, loading="lazy")),
            (
                "video",
                rx.el.video(
                    src=one.source,
                    poster=one.thumbnail,
                    controls=True,
                    preload="none",
                    aria_label=one.filename,
                ),
            ),
            (
                "voice",
                rx.el.audio(src=one.source, controls=True, preload="none", aria_label=one.filename),
            ),
            rx.el.a(
                icon("file-text", 22),
                rx.el.span(one.filename),
                href=one.source,
                class_name="paper",
            ),
        ),
    )
