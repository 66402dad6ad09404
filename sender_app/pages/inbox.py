"""The inbox: conversations on the left, the open one on the right; on a phone one at a time."""

import reflex as rx

from sender_app.components.browser import pulse, typed_field
from sender_app.components.frame import frame
from sender_app.components.reasons import reason
from sender_app.components.ui import (
    awaited,
    button,
    confirm,
    empty,
    icon,
    link,
    notice,
    page,
    segments,
)
from sender_app.components.words import moment, number, tr, tr_n, tr_of, written
from sender_app.components.writing import KINDS as MESSAGE_KINDS
from sender_app.components.writing import said, whatsapp_text
from sender_app.states.inbox import KINDS, Inbox
from sender_app.states.session import Session

_TICKS = {
    "waiting": "clock",
    "sending": "clock",
    "sent": "check",
    "delivered": "check-check",
    "read": "eye",
    "failed": "circle-alert",
    "unconfirmed": "circle-help",
}


def inbox() -> rx.Component:
    """Everything that people wrote, and answering it."""
    return frame(
        "/inbox",
        page(
            tr("inbox.title"),
            pulse(10_000, Inbox.still_here),
            rx.cond(
                Inbox.loaded,
                rx.cond(
                    (Inbox.rows.length() > 0) | Inbox.narrowed,
                    rx.el.div(
                        _list(),
                        rx.cond(Inbox.current.id != "", _conversation(), _nothing_open()),
                        class_name="inbox",
                        custom_attrs={"data-open": Inbox.current.id != ""},
                    ),
                    empty("messages-square", tr("inbox.none"), tr("inbox.none_text")),
                ),
                awaited(560),
            ),
            confirm(
                "answer-again",
                Inbox.repeating != "",
                tr("inbox.again_ask"),
                tr("inbox.again_text"),
                tr("inbox.again"),
                Inbox.send_again(Inbox.repeating),
                Inbox.ask_again(""),
                kind="danger",
            ),
            lead=tr("inbox.lead"),
            actions=rx.cond(
                Session.may_send & (Inbox.rows.length() > 0),
                button(icon("check-check", 16), tr("inbox.read_all"), on_click=Inbox.mark_all_read),
            ),
        ),
        title=tr("inbox.title"),
    )


def _list() -> rx.Component:
    return rx.el.section(
        typed_field(
            Inbox.search,
            Inbox.find,
            type="search",
            placeholder=tr("inbox.search"),
            aria_label=tr("inbox.search"),
        ),
        segments(
            [(kind, tr(f"inbox.kind_{kind}")) for kind in KINDS],
            Inbox.kind,
            Inbox.show,
            tr("inbox.filter"),
        ),
        rx.cond(
            Inbox.campaign != "",
            rx.el.p(
                rx.el.span(icon("megaphone", 14), Inbox.campaign, class_name="chip chip-info"),
                button(tr("inbox.every_campaign"), kind="quiet", on_click=Inbox.every_campaign),
                class_name="narrowed",
            ),
        ),
        rx.el.ul(rx.foreach(Inbox.rows, _row), class_name="threads"),
        rx.cond(Inbox.rows.length() == 0, rx.el.p(tr("inbox.nobody"), class_name="hint center")),
        rx.cond(Inbox.has_more, button(tr("page.more"), kind="quiet", on_click=Inbox.load_more)),
        class_name="card inbox-list",
        aria_label=tr("inbox.conversations"),
    )


def _row(row: rx.Var) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            rx.el.span(
                rx.el.strong(row.name),
                rx.el.time(
                    written(row.at, only="lately"),
                    date_time=row.at,
                    title=written(row.at),
                    class_name="hint",
                ),
                class_name="thread-head",
            ),
            rx.el.span(
                rx.el.span(
                    rx.cond(row.is_ours, icon("reply", 14)),
                    said(row.kind, row.text),
                    class_name="excerpt",
                ),
                rx.cond(
                    row.opted_out,
                    rx.el.span(icon("ban", 12), tr("inbox.opted_out_chip"), class_name="chip"),
                ),
                rx.cond(row.unread > 0, rx.el.strong(number(row.unread), class_name="badge")),
                class_name="thread-foot",
            ),
            rx.cond(row.account != "", rx.el.span(row.account, class_name="hint")),
            type="button",
            on_click=Inbox.open(row.id),
            custom_attrs={
                "aria-current": rx.cond(Inbox.current.id == row.id, "true", "false"),
                "data-unread": row.unread > 0,
            },
            class_name="thread",
        ),
        key=row.id,
    )


def _nothing_open() -> rx.Component:
    return rx.el.section(
        empty("messages-square", tr("inbox.choose"), tr("inbox.choose_text")),
        class_name="card inbox-pane",
    )


def _conversation() -> rx.Component:
    view = Inbox.current
    return rx.el.section(
        rx.el.header(
            rx.el.button(
                icon("chevron-left"),
                type="button",
                on_click=Inbox.open(""),
                class_name="icon-button inbox-back",
                aria_label=tr("inbox.back"),
            ),
            rx.el.div(
                rx.el.h2(view.name),
                rx.el.span(
                    view.phone,
                    rx.cond(view.account != "", rx.fragment(" · ", view.account)),
                    class_name="hint",
                ),
            ),
            rx.cond(
                view.contact_id != "",
                link(
                    icon("contact", 16),
                    tr("inbox.contact"),
                    href=f"/contacts/{view.contact_id}",
                    class_name="button button-quiet",
                ),
            ),
            class_name="inbox-head",
        ),
        rx.el.div(
            rx.el.div(
                rx.cond(
                    Inbox.has_older,
                    button(tr("inbox.older"), kind="chip", on_click=Inbox.load_older),
                ),
                rx.foreach(Inbox.entries, _entry),
                class_name="talk",
                role="log",
                aria_label=tr("inbox.talk", name=view.name),
            ),
            class_name="talk-scroll",
            tab_index=0,
        ),
        rx.cond(view.opted_out, _refusal(), rx.cond(Session.may_send, _form())),
        class_name="card inbox-pane",
    )


def _entry(entry: rx.Var) -> rx.Component:
    return rx.el.div(
        rx.cond(
            entry.campaign != "",
            rx.el.span(icon("megaphone", 12), entry.campaign, class_name="hint talk-campaign"),
        ),
        rx.el.div(
            rx.cond(entry.quoted != "", rx.el.q(whatsapp_text(entry.quoted))),
            rx.cond(
                entry.kind != "text",
                rx.el.em("[", tr_of("message_kind", entry.kind, MESSAGE_KINDS), "]"),
            ),
            rx.cond(
                entry.files > 0,
                rx.el.em(
                    icon("paperclip", 14), tr_n("inbox.files", entry.files), class_name="own-line"
                ),
            ),
            whatsapp_text(entry.text),
            class_name="bubble",
        ),
        rx.el.span(
            moment(entry.at),
            rx.cond(entry.author != "", rx.fragment(" · ", entry.author)),
            rx.cond(entry.is_automatic, rx.fragment(" · ", tr("inbox.automatic"))),
            rx.cond(entry.status != "", _tick(entry)),
            class_name="hint talk-foot",
        ),
        rx.cond(
            Session.may_send & entry.can_repeat,
            rx.el.span(
                rx.cond(
                    entry.can_settle,
                    rx.fragment(
                        button(tr("inbox.settle"), kind="chip", on_click=Inbox.mark_sent(entry.id)),
                        button(tr("inbox.again"), kind="chip", on_click=Inbox.ask_again(entry.id)),
                    ),
                    button(tr("inbox.again"), kind="chip", on_click=Inbox.send_again(entry.id)),
                ),
                class_name="actions",
            ),
        ),
        key=entry.id,
        class_name="talk-line",
        custom_attrs={"data-ours": entry.is_ours},
    )


def _tick(entry: rx.Var) -> rx.Component:
    cases = [(name, icon(mark, 14)) for name, mark in _TICKS.items()]
    return rx.el.span(
        " · ",
        rx.match(entry.status, *cases, rx.fragment()),
        tr_of("answer_status", entry.status, list(_TICKS)),
        rx.cond(
            (entry.status == "failed") | (entry.status == "waiting"),
            rx.cond(entry.reason != "", rx.fragment(": ", reason(entry.reason))),
        ),
        class_name="talk-status",
        custom_attrs={"data-status": entry.status},
    )


def _refusal() -> rx.Component:
    return notice(
        rx.el.strong(tr("inbox.opted_out")),
        rx.el.p(tr("inbox.opted_out_text")),
        tone="warning",
        name="ban",
    )


def _form() -> rx.Component:
    return rx.el.form(
        rx.el.input(type="hidden", name="request", value=Inbox.request, read_only=True),
        rx.el.textarea(
            key=Inbox.request,
            name="text",
            rows="2",
            max_length=4096,
            required=True,
            enter_key_submit=True,
            placeholder=tr("inbox.write"),
            aria_label=tr("inbox.write"),
            id="answer",
        ),
        button(icon("send"), tr("inbox.send"), kind="primary", type="submit"),
        on_submit=Inbox.send,
        class_name="inbox-form",
    )
