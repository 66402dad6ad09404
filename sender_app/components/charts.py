"""Charts: plotly's small build, loaded only on pages that have one, from plain dictionaries."""

from typing import Any

import reflex as rx
from reflex.event import run_script
from reflex.vars import FunctionVar, VarData
from reflex_components_plotly.plotly import Plotly, PlotlyBasic

from sender_app.components.ui import button, download_link, icon
from sender_app.components.words import tr

_LIBRARY = "$/public/charts.js"


class _Figure(PlotlyBasic):
    """Plotly's component, taking a figure as a plain dictionary: data, layout and config."""

    data: rx.Var[dict[str, Any]]

    @classmethod
    def create(cls, *children: Any, **props: Any) -> rx.Component:
        """Without the templates that PlotlyBasic adds, which weigh more than a page."""
        return super(Plotly, cls).create(*children, **props)


def chart(
    name: str, figure: rx.Var[dict[str, Any]], label: rx.Var, rows: rx.Var, head: rx.Var
) -> rx.Component:
    """A figure with the id `name`, and the same figures as a table behind it."""
    return rx.fragment(
        rx.el.div(
            _Figure.create(
                data=figure, use_resize_handler=True, style={"width": "100%", "height": "100%"}
            ),
            class_name="chart",
            id=name,
            role="img",
            aria_label=label,
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
    data = VarData(imports={_LIBRARY: [rx.ImportVar(tag="saveChart")]})
    save = rx.Var("saveChart", _var_data=data).to(FunctionVar)
    return button(
        icon("image", 16),
        "PNG",
        kind="file",
        on_click=run_script(save.call(name, file)),
        aria_label=tr("chart.png", what=label),
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
