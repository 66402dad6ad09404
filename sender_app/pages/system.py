"""The state of the installation, for administrators."""

import reflex as rx

from sender_app.components.browser import pulse
from sender_app.components.frame import for_admins, frame
from sender_app.components.ui import awaited, card, icon, link, notice, page, stat, table
from sender_app.components.words import number, tr, tr_of
from sender_app.domain.account import AccountStatus
from sender_app.ports.telemetry import PartState
from sender_app.states.system import Machinery

_PARTS = ["postgres", "redis", "migrations", "durability"]
_STORES = {"postgres": "Postgres", "redis": "Redis"}
_TROUBLES = [state.name.lower() for state in PartState if state is not PartState.OK]
_QUEUES = ["accounts", "default", "webhooks", "control"]
_STATUSES = [status.value for status in AccountStatus]


def system() -> rx.Component:
    """Parts, accounts, queues; looks again every five seconds."""
    return frame(
        "/settings",
        page(
            tr("system.title"),
            for_admins(
                pulse(5_000, Machinery.load),
                rx.cond(Machinery.loaded, _all(), awaited(88, 190, 260)),
            ),
            lead=tr("system.lead"),
            above=link(
                icon("chevron-left", 16), tr("nav.settings"), href="/settings", class_name="back"
            ),
        ),
        title=tr("system.title"),
    )


def _all() -> rx.Component:
    return rx.fragment(
        rx.foreach(
            Machinery.parts,
            lambda part: rx.cond(part.state == "ok", rx.fragment(), _trouble(part)),
        ),
        rx.el.div(
            card(stat(tr("system.served"), Machinery.served, "good")),
            card(stat(tr("system.to_serve"), Machinery.to_serve, "bad")),
            card(stat(tr("system.waiting"), Machinery.waiting)),
            card(stat(tr("system.unconfirmed"), Machinery.unconfirmed, "bad")),
            class_name="kpis",
        ),
        rx.el.div(_parts(), _facts(), class_name="halves"),
        card(
            table(
                [
                    tr("system.queue"),
                    tr("system.jobs_waiting"),
                    tr("system.jobs_running"),
                    tr("system.jobs_failed"),
                    tr("system.workers"),
                ],
                rx.foreach(
                    Machinery.queues,
                    lambda queue: rx.el.tr(
                        rx.el.td(tr_of("system.queue", queue.name, _QUEUES)),
                        *(
                            rx.el.td(number(n), class_name="number")
                            for n in (queue.waiting, queue.running, queue.failed, queue.workers)
                        ),
                        key=queue.name,
                    ),
                ),
                tr("system.queues"),
            ),
            title=tr("system.queues"),
        ),
    )


def _parts() -> rx.Component:
    return card(
        rx.el.dl(
            rx.foreach(Machinery.parts, _part),
            rx.foreach(
                Machinery.accounts,
                lambda one: rx.el.div(
                    rx.el.dt(tr_of("account", one.status, _STATUSES)),
                    rx.el.dd(number(one.n)),
                    key=one.status,
                ),
            ),
            class_name="facts pairs",
        ),
        title=tr("system.parts"),
    )


def _part(part: rx.Var) -> rx.Component:
    good = rx.el.span(icon("check", 14), tr("system.ok"), class_name="chip chip-good")
    risky = rx.el.span(
        icon("triangle-alert", 14), tr("system.at_risk"), class_name="chip chip-warn"
    )
    bad = rx.el.span(icon("circle-alert", 14), tr("system.wrong"), class_name="chip chip-bad")
    return rx.el.div(
        rx.el.dt(_part_name(part)),
        rx.el.dd(rx.match(part.state, ("ok", good), rx.cond(part.usable, risky, bad))),
        key=part.name,
    )


def _part_name(part: rx.Var) -> rx.Var[str]:
    return tr_of("system.part", part.name, _PARTS)


def _trouble(part: rx.Var) -> rx.Component:
    """What is wrong with a part, or what was accepted, and what to do."""
    said = (
        rx.el.strong(_part_name(part)),
        rx.el.p(tr_of("system.state", part.state, _TROUBLES)),
    )
    return rx.cond(
        part.usable,
        notice(*said, tone="warning", name="triangle-alert"),
        notice(*said, tone="danger", name="circle-alert"),
    )


def _facts() -> rx.Component:
    facts = (
        (tr("system.longest_wait"), Machinery.longest_wait),
        (tr("system.oldest_lease"), Machinery.oldest_lease),
        (tr("system.run_out"), number(Machinery.run_out)),
        (tr("system.database"), Machinery.database),
        (tr("system.store"), rx.Var.create(_STORES)[Machinery.store]),
        (tr("system.version"), Machinery.version),
    )
    return card(
        rx.el.dl(
            *[rx.el.div(rx.el.dt(name), rx.el.dd(value)) for name, value in facts],
            class_name="facts pairs",
        ),
        title=tr("system.facts"),
    )
