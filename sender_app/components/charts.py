"""Components of assets/charts.js: plotly's small build, fetched as a chart comes into sight."""

from typing import Any

import reflex as rx

from sender_app.components.ui import download_link, icon
from sender_app.components.words import tr

_LIBRARY = "$/public/charts.js"


class _Chart(rx.Component):
    library = _LIBRARY
    lib_dependencies: list[str] = ["plotly.js-basic-dist-min@3.7.0"]
    tag = "Chart"
    name: rx.Var[str]
    figure: rx.Var[dict[str, Any]]


class _Picture(rx.Component):
    library = _LIBRARY
    tag = "Picture"
    name: rx.Var[str]
    file: rx.Var[str]
    fault: rx.Var[str]


def chart(
    name: str, figure: rx.Var[dict[str, Any]], label: rx.Var, rows: rx.Var, head: rx.Var
) -> rx.Component:
    """A figure with the id `name`, and the same figures as a table behind it.

    The figure is a plain dictionary of plotly's data, layout and config. On paper the table takes
    its place where it was not drawn.
    """
    return rx.fragment(
        _Chart.create(
            rx.el.p(tr("chart.failed"), class_name="hint"),
            name=name,
            figure=figure,
            class_name="chart",
            custom_attrs={"aria-label": label},
        ),
        rx.el.details(
            rx.el.summary(tr("chart.table")),
            rx.el.div(
                rx.el.table(
                    rx.el.thead(
                        rx.el.tr(
                            rx.el.th(head, scope="col"),
                            rx.el.th(tr("dashboard.sent"), scope="col", class_name="number"),
                            rx.el.th(tr("dashboard.errors"), scope="col", class_name="number"),
                        )
                    ),
                    rx.el.tbody(rx.foreach(rows, _line)),
                    aria_label=label,
                ),
                class_name="table-wrap tall",
                role="region",
                aria_label=label,
                tab_index=0,
            ),
            class_name="behind",
        ),
    )


def picture_button(name: str, file: str, label: rx.Var) -> rx.Component:
    """Saves the chart `name` as a picture called `file`.png; `label` says which chart that is."""
    return _Picture.create(
        icon("image", 16),
        "PNG",
        name=name,
        file=file,
        fault=tr("chart.no_picture"),
        class_name="button button-file",
        custom_attrs={"aria-label": tr("chart.png", what=label)},
    )


def table_link(href: rx.Var | str, label: rx.Var) -> rx.Component:
    """Downloads the figures as CSV; `label` says of what."""
    return download_link(
        icon("download", 16),
        "CSV",
        href=href,
        class_name="button button-file",
        aria_label=tr("chart.csv", what=label),
    )


def _line(row: rx.Var) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.label),
        rx.el.td(row.sent, class_name="number"),
        rx.el.td(row.errors, class_name="number"),
        key=row.key,
    )
