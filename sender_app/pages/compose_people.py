"""The first step of a campaign: who gets it, from any sources together."""

from typing import Any

import reflex as rx

from sender_app.components.at_once import choice, tick
from sender_app.components.browser import typed_field
from sender_app.components.ui import (
    button,
    card,
    drop_words,
    drop_zone,
    field,
    icon,
    pager,
    stat,
    table,
)
from sender_app.components.words import number, tr, tr_n
from sender_app.states.compose import Compose

_UPLOAD = "contacts"
_STANDINGS = ("in", "present", "absent", "unknown")


def people() -> rx.Component:
    """Files, groups, contacts, a filter, an earlier campaign; the sum; and the campaign's name."""
    tally = Compose.tally
    return card(
        rx.el.div(
            _source(
                "file-up",
                "file",
                tally.file,
                rx.cond(Compose.file_id == "", _drop(), _file()),
                open_=True,
            ),
            _source("users", "groups", tally.groups, _groups()),
            _source("user-check", "contacts", tally.contacts, _contacts()),
            _source("filter", "filter", tally.filter, _filter()),
            _source("rotate-cw", "earlier", tally.earlier, _earlier()),
            class_name="sources",
        ),
        _rest(),
        rx.cond(tally.people > 0, _sum()),
        rx.el.div(
            field(
                tr("compose.name"),
                typed_field(Compose.name, Compose.rename, id="campaign-name", max_length=120),
            ),
            class_name="below",
        ),
        title=tr("compose.people"),
    )


def _source(
    icon_name: str, name: str, count: rx.Var, *children: Any, open_: bool = False
) -> rx.Component:
    """A source that opens under its name, beside which stands how many it gives."""
    return rx.el.details(
        rx.el.summary(
            icon(icon_name, 18),
            tr(f"audience.{name}"),
            rx.cond(
                count > 0,
                rx.el.strong(number(count), class_name="chip chip-good"),
            ),
            icon("chevron-down", 16),
        ),
        rx.el.div(*children, class_name="source-body"),
        open=open_,
        class_name="source",
        custom_attrs={"data-source": name},
    )


def _groups() -> rx.Component:
    return rx.cond(
        Compose.groups.length() > 0,
        rx.el.div(
            rx.foreach(
                Compose.groups,
                lambda pair: _tick(
                    Compose.chosen_groups.contains(pair[0]),
                    Compose.toggle_group(pair[0]),
                    pair[1],
                    key=pair[0],
                ),
            ),
            class_name="ticks",
        ),
        rx.el.p(tr("audience.no_groups"), class_name="hint"),
    )


def _tick(
    is_on: rx.Var, on_change: Any, name: rx.Var, hint: Any = None, **props: Any
) -> rx.Component:
    return rx.el.label(
        tick(is_on, on_change),
        rx.el.span(name, *([rx.el.span(hint, class_name="hint")] if hint is not None else [])),
        class_name="tick",
        **props,
    )


def _contacts() -> rx.Component:
    return rx.fragment(
        rx.el.input(
            type="search",
            placeholder=tr("contacts.search"),
            aria_label=tr("audience.find_contacts"),
            on_change=Compose.find_contacts.debounce(250),
        ),
        rx.cond(
            Compose.hits.length() > 0,
            rx.el.div(rx.foreach(Compose.hits, _contact), class_name="ticks"),
        ),
        rx.cond(
            Compose.chosen_ids.length() > 0,
            rx.fragment(
                rx.el.div(
                    rx.el.strong(tr_n("contacts.picked", Compose.chosen_ids.length())),
                    button(tr("contacts.unpick"), kind="quiet", on_click=Compose.drop_contacts),
                    class_name="chosen-head",
                ),
                rx.el.div(rx.foreach(Compose.chosen, _contact), class_name="ticks"),
                rx.cond(
                    Compose.chosen_ids.length() > Compose.chosen.length(),
                    rx.el.p(
                        tr(
                            "audience.more_chosen",
                            n=number(Compose.chosen_ids.length() - Compose.chosen.length()),
                        ),
                        class_name="hint",
                    ),
                ),
            ),
        ),
    )


def _contact(one: rx.Var) -> rx.Component:
    return _tick(
        Compose.chosen_ids.contains(one.id),
        Compose.toggle_contact(one.id),
        one.name,
        one.phone,
        key=one.id,
    )


def _filter() -> rx.Component:
    return rx.fragment(
        _tick(
            Compose.by_filter,
            Compose.use_filter(~Compose.by_filter),
            tr("audience.by_filter"),
        ),
        rx.el.div(
            typed_field(
                Compose.filter_search,
                Compose.filter_by_search,
                type="search",
                rest=400,
                placeholder=tr("contacts.search"),
                aria_label=tr("audience.filter_search"),
                class_name="search",
            ),
            _choice(
                "contacts.of_group",
                Compose.filter_group,
                Compose.filter_by_group,
                rx.el.option(tr("contacts.all_groups"), value=""),
                rx.foreach(
                    Compose.groups, lambda pair: rx.el.option(pair[1], value=pair[0], key=pair[0])
                ),
            ),
            _choice(
                "contacts.standing",
                Compose.filter_standing,
                Compose.filter_by_standing,
                rx.el.option(tr("contacts.standing.all"), value=""),
                *[rx.el.option(tr(f"contacts.standing.{one}"), value=one) for one in _STANDINGS],
            ),
            class_name="filters",
        ),
    )


def _earlier() -> rx.Component:
    return rx.cond(
        Compose.earlier_campaigns.length() > 0,
        rx.fragment(
            _choice(
                "audience.earlier",
                Compose.earlier,
                Compose.take_earlier,
                rx.el.option(tr("audience.no_campaign"), value=""),
                rx.foreach(
                    Compose.earlier_campaigns,
                    lambda pair: rx.el.option(
                        rx.cond(pair[1] != "", pair[1], tr("campaigns.unnamed")),
                        value=pair[0],
                        key=pair[0],
                    ),
                ),
            ),
            rx.el.p(tr("audience.earlier_text"), class_name="hint"),
        ),
        rx.el.p(tr("audience.no_earlier"), class_name="hint"),
    )


def _choice(label: str, value: rx.Var, on_change: Any, *options: rx.Component) -> rx.Component:
    return choice(value, on_change, *options, label=tr(label))


def _rest() -> rx.Component:
    return rx.el.label(
        rx.el.span(tr("audience.rest")),
        typed_field(
            Compose.rest,
            Compose.rest_for,
            type="number",
            rest=500,
            placeholder=Compose.rest_default.to_string(),
            id="rest-days",
            custom_attrs={"min": 0, "max": 365},
        ),
        rx.el.span(tr("audience.rest_days")),
        class_name="rest",
    )


def _sum() -> rx.Component:
    tally = Compose.tally
    return rx.el.div(
        stat(tr("audience.people"), tally.people),
        rx.cond(tally.repeated > 0, stat(tr("audience.repeated"), tally.repeated)),
        rx.cond(tally.opted_out > 0, stat(tr("start.opted_out"), tally.opted_out, "warn")),
        rx.cond(tally.resting > 0, stat(tr("audience.resting"), tally.resting, "warn")),
        stat(tr("audience.reached"), tally.reached, "good"),
        class_name="sum",
        role="status",
    )


def _drop() -> rx.Component:
    return drop_zone(
        rx.el.div(
            icon("file-up", 28),
            rx.el.strong(rx.cond(Compose.checking, tr("compose.checking"), drop_words())),
            rx.el.span(tr("compose.formats"), class_name="hint"),
            rx.el.span(tr("compose.columns"), class_name="hint"),
            class_name="drop",
        ),
        label=tr("drop.mouse"),
        id=_UPLOAD,
        max_files=1,
        multiple=False,
        on_drop=[
            Compose.wait_for_file,
            Compose.upload(rx.upload_files(upload_id=_UPLOAD)),
        ],
        border="none",
        padding="0",
    )


def _file() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            icon("file-check-2", 22),
            rx.el.div(
                rx.el.strong(Compose.filename),
                rx.el.span(tr_n("compose.good", Compose.good)),
            ),
            button(icon("x"), tr("compose.other_file"), kind="quiet", on_click=Compose.forget_file),
            class_name="file",
        ),
        rx.cond(
            Compose.duplicates > 0,
            rx.el.p(tr("compose.duplicates", n=number(Compose.duplicates)), class_name="hint"),
        ),
        rx.cond(Compose.bad_count > 0, _bad()),
    )


def _bad() -> rx.Component:
    return rx.el.details(
        rx.el.summary(icon("triangle-alert"), tr("compose.bad", n=number(Compose.bad_count))),
        table(
            [tr("compose.row"), tr("compose.value"), tr("compose.reason")],
            rx.foreach(
                Compose.bad_rows,
                lambda bad: rx.el.tr(
                    rx.el.td(bad["row"], class_name="number"),
                    rx.el.td(bad["value"]),
                    rx.el.td(bad["reason"]),
                    key=bad["row"],
                ),
            ),
            tr("compose.bad_label"),
        ),
        pager(Compose.bad_page, Compose.more_bad, Compose.turn_bad(-1), Compose.turn_bad(1)),
        open=True,
        class_name="bad-rows",
    )
