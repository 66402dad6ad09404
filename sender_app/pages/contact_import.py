"""The import page: from any file to the address book."""

from typing import cast

import reflex as rx

from sender_app.components.at_once import choice
from sender_app.components.browser import countries, pulse
from sender_app.components.frame import frame, senders_only
from sender_app.components.ui import (
    awaited,
    button,
    card,
    download_link,
    drop_words,
    drop_zone,
    icon,
    link,
    link_button,
    notice,
    page,
    pager,
    stat,
    table,
)
from sender_app.components.words import tr, tr_n
from sender_app.domain.columns import KNOWN
from sender_app.states.contact_import import Importing
from sender_app.states.import_views import ColumnView
from sender_app.states.session import Session

_UPLOAD = "contact-file"
_STEPS = ("choose", "map", "check", "import")
_AT = {"choose": 0, "map": 1, "checking": 2, "checked": 2, "failed": 2, "importing": 3, "done": 4}
_LARGEST = 200 * 1024 * 1024


def contact_import() -> rx.Component:
    """Choose → columns → check → import, one at a time."""
    return frame(
        "/contacts",
        page(
            tr("import.title"),
            _steps(),
            senders_only(
                rx.cond(
                    Importing.loaded,
                    rx.match(
                        Importing.step,
                        ("choose", _choose()),
                        ("map", _map()),
                        ("checking", _working("import.checking", "import.checking_text")),
                        ("checked", _checked()),
                        ("importing", _working("import.importing", "import.importing_text")),
                        ("done", _done()),
                        _failed(),
                    ),
                    awaited(360),
                ),
            ),
            pulse(10_000, Importing.still_here),
            lead=tr("import.lead"),
            above=link(
                icon("chevron-left", 16), tr("contacts.title"), href="/contacts", class_name="back"
            ),
        ),
        title=tr("import.title"),
    )


def _steps() -> rx.Component:
    at = cast(rx.Var, rx.match(Importing.step, *_AT.items(), 0)).to(int)
    return rx.el.ol(
        *[
            rx.el.li(
                tr(f"import.step_{name}"),
                custom_attrs={
                    "data-state": rx.cond(at > n, "done", rx.cond(at == n, "now", "next")),
                    "aria-current": rx.cond(at == n, "step", "false"),
                },
            )
            for n, name in enumerate(_STEPS)
        ],
        class_name="course",
        aria_label=tr("import.steps"),
    )


def _choose() -> rx.Component:
    return card(
        rx.cond(
            Importing.uploading,
            rx.el.div(
                rx.el.p(tr("import.uploading"), rx.el.strong(f"{Importing.upload_percent} %")),
                _bar(Importing.upload_percent, f"{Importing.upload_percent}%"),
                class_name="working",
            ),
            drop_zone(
                rx.el.div(
                    icon("file-up", 28),
                    rx.el.strong(drop_words()),
                    rx.el.span(tr("import.formats"), class_name="hint"),
                    class_name="drop",
                ),
                label=tr("drop.mouse"),
                id=_UPLOAD,
                max_files=1,
                multiple=False,
                max_size=_LARGEST,
                on_drop=[
                    Importing.wait_for_file,
                    Importing.upload(
                        rx.upload_files_chunk(
                            upload_id=_UPLOAD, on_upload_progress=Importing.progressed
                        )
                    ),
                ],
                border="none",
                padding="0",
            ),
        ),
        rx.el.ul(
            *[
                rx.el.li(icon(name, 16), tr(f"import.promise_{key}"))
                for name, key in (
                    ("phone", "phones"),
                    ("copy-check", "repeats"),
                    ("shield-check", "whole"),
                )
            ],
            class_name="promises",
        ),
    )


def _map() -> rx.Component:
    country = countries(Importing.file.country, Session.lang)[0][1]
    return card(
        rx.el.p(tr("import.map_text", country=country), class_name="hint"),
        table(
            [tr("import.column"), tr("import.holds"), tr("import.examples")],
            rx.foreach(Importing.columns, _column),
            tr("import.step_map"),
            kind="mapping",
        ),
        rx.el.div(
            button(tr("import.other_file"), kind="quiet", on_click=Importing.cancel),
            button(
                icon("list-checks"),
                tr("import.check"),
                kind="primary",
                on_click=Importing.check,
                id="check",
            ),
            class_name="flow-actions",
        ),
        title=Importing.file.filename,
    )


def _column(column: rx.Var[ColumnView]) -> rx.Component:
    name = rx.cond(column.name != "", column.name, tr("import.column_n", n=column.n + 1))
    return rx.el.tr(
        rx.el.td(rx.el.strong(name)),
        rx.el.td(
            choice(
                column.meaning,
                lambda meaning: Importing.mean(column.n, meaning),
                *[rx.el.option(tr(f"import.holds_{known}"), value=known) for known in KNOWN],
                rx.el.option(tr("import.holds_own", name=column.own), value=column.own),
                rx.el.option(tr("import.holds_nothing"), value=""),
                label=name,
            )
        ),
        rx.el.td(column.examples, class_name="hint examples"),
        key=column.n,
    )


def _working(title: str, text: str) -> rx.Component:
    return card(
        rx.el.div(
            rx.el.p(tr(text), rx.el.strong(f"{Importing.file.percent} %")),
            _bar(Importing.file.percent, Importing.file.width),
            class_name="working",
        ),
        rx.el.p(tr("import.may_leave"), class_name="hint"),
        rx.el.div(
            button(icon("x"), tr("import.cancel"), on_click=Importing.cancel),
            class_name="flow-actions",
        ),
        title=tr(title, name=Importing.file.filename),
    )


def _bar(percent: rx.Var, width: rx.Var | str) -> rx.Component:
    return rx.el.div(
        rx.el.span(class_name="bar-sent", style={"width": width}),
        class_name="bar",
        role="progressbar",
        aria_valuenow=percent,
        aria_valuemin=0,
        aria_valuemax=100,
        aria_label=tr("campaign.progress"),
    )


def _checked() -> rx.Component:
    return rx.el.div(
        card(
            _figures("import.new", "import.changed", "import.same"),
            rx.cond(
                Importing.good_rows.length() > 0,
                rx.el.div(_preview(), class_name="import-preview"),
            ),
            rx.el.div(
                button(tr("import.other_file"), kind="quiet", on_click=Importing.cancel),
                button(tr("import.remap"), on_click=Importing.remap),
                button(
                    icon("download"),
                    tr_n("import.start", Importing.file.good - Importing.file.repeated),
                    kind="primary",
                    on_click=Importing.start,
                    disabled=Importing.file.good == 0,
                    id="start",
                ),
                class_name="flow-actions",
            ),
            title=Importing.file.filename,
        ),
        _rejected(),
        class_name="stack",
    )


def _figures(new: str, changed: str, same: str) -> rx.Component:
    file = Importing.file
    return rx.el.div(
        stat(tr(new), file.created, "good"),
        stat(tr(changed), file.updated),
        stat(tr(same), file.unchanged),
        stat(tr("import.repeated"), file.repeated),
        stat(tr("import.rejected"), file.bad, "bad"),
        class_name="stats import-stats",
    )


def _preview() -> rx.Component:
    own = Importing.file.own_names
    return rx.el.div(
        rx.el.table(
            rx.el.thead(
                rx.el.tr(
                    rx.el.th(tr("import.row"), scope="col"),
                    *[rx.el.th(tr(f"import.holds_{name}"), scope="col") for name in KNOWN],
                    rx.foreach(own, lambda name: rx.el.th(name, scope="col", key=name)),
                )
            ),
            rx.el.tbody(
                rx.foreach(
                    Importing.good_rows,
                    lambda row: rx.el.tr(
                        rx.el.td(row["row"], class_name="number hint"),
                        rx.el.td(row["telefono"], class_name="number"),
                        *[rx.el.td(row[name]) for name in KNOWN[1:]],
                        rx.foreach(own, lambda name: rx.el.td(row[name], key=name)),
                        key=row["row"],
                    ),
                )
            ),
            aria_label=tr("import.preview"),
        ),
        class_name="table-wrap",
    )


def _rejected() -> rx.Component:
    return rx.cond(
        Importing.file.bad > 0,
        card(
            rx.el.p(tr("import.rejected_text"), class_name="hint"),
            table(
                [tr("compose.row"), tr("compose.value"), tr("compose.reason")],
                rx.foreach(
                    Importing.bad_rows,
                    lambda bad: rx.el.tr(
                        rx.el.td(bad.row, class_name="number"),
                        rx.el.td(bad.value, class_name="wrap"),
                        rx.el.td(bad.reason),
                        key=bad.row,
                    ),
                ),
                tr("import.rejected"),
            ),
            pager(
                Importing.bad_page,
                Importing.more_bad,
                Importing.turn_bad(-1),
                Importing.turn_bad(1),
            ),
            title=tr_n("import.rejected_title", Importing.file.bad),
            aside=_download(),
        ),
    )


def _download() -> rx.Component:
    return download_link(
        icon("file-down"),
        tr("import.download"),
        href=f"/imports/{Importing.file.id}/rejected",
        class_name="button",
    )


def _done() -> rx.Component:
    return rx.el.div(
        card(
            rx.el.p(
                icon("circle-check", 20), rx.el.span(tr("import.done_text")), class_name="verdict"
            ),
            _figures("import.were_new", "import.were_changed", "import.were_same"),
            rx.el.div(
                button(tr("import.another"), on_click=Importing.dismiss),
                link_button(icon("contact"), tr("import.see"), href="/contacts"),
                class_name="flow-actions",
            ),
            title=tr("import.done", name=Importing.file.filename),
        ),
        _rejected(),
        class_name="stack",
    )


def _failed() -> rx.Component:
    return card(
        notice(
            rx.el.strong(tr("import.failed")),
            rx.el.span(Importing.file.error),
            tone="danger",
            name="circle-alert",
        ),
        rx.el.div(
            button(tr("import.other_file"), on_click=Importing.cancel),
            button(tr("import.remap"), kind="primary", on_click=Importing.remap),
            class_name="flow-actions",
        ),
        title=Importing.file.filename,
    )
