"""The last steps of a campaign: when it starts and what it takes, and the look at all of it."""

import reflex as rx

from sender_app.components.accounts import today
from sender_app.components.at_once import radio, tick
from sender_app.components.ui import card, icon, link, notice, stat, table
from sender_app.components.words import clock, moment, number, tr, tr_n, weekday
from sender_app.states.compose import Compose


def start() -> rx.Component:
    """At once or at a time, and the expected course."""
    return rx.fragment(
        rx.cond(Compose.accounts.length() > 1, _senders()),
        card(
            rx.el.fieldset(
                rx.el.legend(tr("start.when"), class_name="hidden"),
                _choice("now", tr("start.now"), tr("start.now_hint"), False),
                _choice(
                    "later",
                    tr("start.later"),
                    tr("start.later_hint", zone=Compose.place),
                    True,
                ),
                class_name="choices",
            ),
            rx.cond(
                Compose.starts_later,
                rx.el.input(
                    type="datetime-local",
                    value=Compose.starts_at,
                    on_change=Compose.start_at,
                    aria_label=tr("start.time"),
                    id="starts-at",
                ),
            ),
            title=tr("start.title"),
        ),
        _course(),
    )


def _senders() -> rx.Component:
    return card(
        rx.el.fieldset(
            rx.el.legend(tr("start.senders"), class_name="hidden"),
            rx.foreach(
                Compose.accounts,
                lambda account: rx.el.label(
                    tick(
                        Compose.senders.contains(account.id),
                        Compose.choose_account(account.id),
                        disabled=~account.is_linked & ~Compose.senders.contains(account.id),
                    ),
                    rx.el.span(
                        rx.el.strong(account.label),
                        rx.el.span(
                            rx.cond(account.phone != "", account.phone, tr("connection.no_phone")),
                            " · ",
                            today(account),
                            class_name="hint",
                        ),
                    ),
                    class_name="choice",
                    key=account.id,
                ),
            ),
            class_name="choices",
        ),
        rx.el.p(
            rx.cond(Compose.senders.length() > 1, tr("start.shared"), tr("start.senders_hint")),
            class_name="hint",
        ),
        title=tr("start.senders"),
    )


def _choice(name: str, title: rx.Var, hint: rx.Var, later: bool) -> rx.Component:
    return rx.el.label(
        radio(later, Compose.starts_later, Compose.choose_start(later), name),
        rx.el.span(rx.el.strong(title), rx.el.span(hint, class_name="hint")),
        class_name="choice",
    )


def _course() -> rx.Component:
    look = Compose.look
    return card(
        rx.el.div(
            stat(tr("start.people"), look.people),
            stat(tr("start.known"), look.known, "good"),
            stat(tr("start.cold"), look.cold, "warn"),
            rx.cond(look.opted_out > 0, stat(tr("start.opted_out"), look.opted_out)),
            rx.cond(look.resting > 0, stat(tr("audience.resting"), look.resting)),
            class_name="stats first",
        ),
        plan(class_name="plan"),
        rx.el.p(
            icon("gauge", 16),
            rx.el.span(_pace(), " ", link(tr("start.pace"), href="/settings")),
            class_name="pace",
        ),
        rx.el.p(tr("start.cold_text"), class_name="hint"),
        title=tr("start.course"),
    )


def _pace() -> rx.Component:
    """How fast the workspace lets an account be."""
    pace = Compose.pace
    caps = (
        ("minute", pace.per_minute),
        ("hour", pace.per_hour),
        ("day", pace.per_day),
    )
    return rx.fragment(
        tr("start.pace_each", least=number(pace.least), most=number(pace.most)),
        *[
            rx.cond(cap > 0, rx.fragment(", ", tr(f"start.pace_{name}", n=number(cap))))
            for name, cap in caps
        ],
        rx.cond(
            pace.opens != "",
            rx.fragment(", ", tr("start.pace_hours", opens=pace.opens, closes=pace.closes)),
        ),
        rx.cond(
            pace.days.length() > 0,
            rx.fragment(
                ", ",
                tr("start.pace_days"),
                *[rx.cond(pace.days.contains(n), rx.fragment(" ", weekday(n))) for n in range(7)],
            ),
        ),
        ".",
    )


def plan(class_name: str) -> rx.Component:
    """When the campaign will end."""
    look = Compose.look
    return rx.el.strong(
        rx.cond(
            look.days > 0,
            rx.fragment(
                rx.cond(
                    look.days == 1,
                    tr("compose.plan_one"),
                    tr("compose.plan", days=number(look.days)),
                ),
                " ",
                moment(look.ends_at),
                tr("compose.plan_zone", zone=Compose.place),
            ),
            rx.cond(look.reached > 0, tr("compose.plan_never"), ""),
        ),
        class_name=class_name,
    )


def _zone() -> rx.Component:
    zone = tr("review.zone", zone=Compose.place)
    return rx.fragment(" ", rx.el.span(zone, class_name="hint own-line"))


def review() -> rx.Component:
    """Everything at once, and what keeps it from starting."""
    look = Compose.look
    return rx.fragment(
        rx.cond(
            (look.problem != "") & (look.gap_count == 0),
            notice(look.problem, tone="danger", name="circle-alert"),
        ),
        rx.cond(look.gap_count > 0, _gaps()),
        card(
            rx.el.dl(
                _fact(tr("review.name"), Compose.name),
                _fact(tr("review.account"), Compose.account),
                _fact(tr("review.people"), number(look.reached)),
                _fact(
                    tr("review.start"),
                    rx.cond(
                        Compose.starts_later,
                        rx.fragment(clock(Compose.starts_at), _zone()),
                        tr("start.now"),
                    ),
                ),
                _fact(
                    tr("review.end"),
                    rx.cond(
                        look.days > 0,
                        rx.fragment(moment(look.ends_at), _zone()),
                        "—",
                    ),
                ),
                _fact(tr("review.variants"), Compose.texts.length()),
                rx.cond(
                    Compose.attachments.length() > 0,
                    _fact(tr("attachments.title"), Compose.attachments.length()),
                ),
                class_name="facts",
            ),
            rx.cond(
                look.opted_out > 0,
                rx.el.p(tr_n("review.opted_out", look.opted_out), class_name="hint"),
            ),
            rx.cond(
                look.resting > 0,
                rx.el.p(tr_n("review.resting", look.resting), class_name="hint"),
            ),
            rx.cond(
                Compose.needs_approval,
                rx.el.p(tr("review.needs_approval"), class_name="hint"),
            ),
            title=tr("review.title"),
        ),
    )


def _fact(label: rx.Var, value: rx.Var | rx.Component) -> rx.Component:
    return rx.el.div(rx.el.dt(label), rx.el.dd(value))


def _gaps() -> rx.Component:
    return card(
        rx.el.p(
            icon("triangle-alert", 16),
            tr_n("review.gaps", Compose.look.gap_count),
            class_name="gap",
        ),
        rx.el.div(
            table(
                [tr("compose.row"), tr("campaign.person"), tr("review.missing")],
                rx.foreach(
                    Compose.gaps,
                    lambda gap: rx.el.tr(
                        rx.el.td(rx.cond(gap.row > 0, gap.row, "—"), class_name="number"),
                        rx.el.td(
                            rx.el.strong(gap.name),
                            rx.el.span(gap.phone, class_name="hint"),
                            class_name="person",
                        ),
                        rx.el.td(gap.missing),
                        key=gap.phone,
                    ),
                ),
                tr("review.gaps_label"),
            ),
            class_name="long",
        ),
        rx.el.p(tr("review.gaps_help"), class_name="hint"),
    )
