"""The dashboard's figures, held to plotly's own description of what it draws."""

import pytest
from plotly.graph_objects import Figure

from sender_app.domain.reporting import Step
from sender_app.ports.store.metrics import Tally
from sender_app.states.figures import PALETTE, pie, timeline_bars

LANGUAGES = ("es", "en", "pt")
KEYS = {Step.HOUR: "2026-11-30T09", Step.DAY: "2026-11-30", Step.MONTH: "2026-11"}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("step", Step)
def test_plotly_takes_the_timeline(step: Step, lang: str):
    figure = timeline_bars([Tally(KEYS[step], 7, 1)], step, lang)
    drawn = Figure(figure["data"], figure["layout"])  # raises for what plotly does not know
    assert [list(bar.y) for bar in drawn.data] == [[7], [1]]
    assert drawn.layout.barmode == "stack"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_plotly_takes_the_pie_whose_small_slices_are_one(lang: str):
    groups = [Tally(f"G{n}", 20 - n, 0, f"G{n}") for n in range(len(PALETTE) + 3)]
    figure = pie(groups, lang)
    drawn = Figure(figure["data"], figure["layout"])
    assert len(drawn.data[0].labels) == len(PALETTE)
    assert sum(drawn.data[0].values) == sum(group.sent for group in groups)
