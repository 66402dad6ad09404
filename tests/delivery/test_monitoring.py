"""The alert rules and the dashboard ask for what Sender shows, in PromQL that parses."""

import json
import re
from datetime import timedelta
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from sender_app.adapters.prometheus import exposition
from sender_app.adapters.redis_meter import Sum
from sender_app.domain import errors
from sender_app.domain.account import AccountStatus
from sender_app.ports.telemetry import Observation, QueueDepth
from tests.stack import ROOT

RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "monitoring/alerts.yaml").read_text())[
    "groups"
][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "monitoring/grafana-dashboard.json").read_text())
EXPRESSIONS = (
    [rule["expr"] for rule in RULES]
    + [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    + [one["expr"] for one in DASHBOARD["annotations"]["list"]]
)


def shown() -> dict[str, set[str]]:
    """Every sample that /metrics can show, with its labels."""
    seen = Observation({"running": 1}, {"online": 1}, 1, 1, 1, 1, timedelta(1), 1, timedelta(1), 1)
    outcome, route = ("outcome", "accepted"), ("route", "page")
    sums = [
        Sum("sender_messages_total", (outcome,), "", 3),
        Sum("sender_http_requests_total", (route, ("status", "200")), "", 3),
        *(Sum("sender_send_duration_seconds", (), part, 2.0) for part in ("0.1", "sum")),
        *(
            Sum("sender_http_request_duration_seconds", (route,), part, 2)
            for part in ("1.0", "sum")
        ),
    ]
    text = exposition("1", seen, [QueueDepth("accounts", 1, 1, 1, 1)], sums).decode()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_parses_and_asks_for_what_there_is(expression: str):
    promql_parser.parse(expression)
    there = shown()
    asked = set(re.findall(r"\bsender_\w+", expression))
    assert asked
    assert asked - there.keys() == set()
    labels = {label for name in asked for label in there[name]}
    grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", expression))))
    matched = set(re.findall(r"(\w+)(?:=~|!~|!=|=)\"", expression))
    assert (grouped | matched) - labels == set()


def test_what_an_alert_calls_an_account_is_a_status():
    [rule] = [one for one in RULES if one["alert"] == "SenderAccountNeedsAPerson"]
    [statuses] = re.findall(r'status=~"([^"]+)"', rule["expr"])
    assert set(statuses.split("|")) <= {status.value for status in AccountStatus}


def test_every_alert_says_what_to_do_and_how_bad_it_is():
    for rule in RULES:
        assert rule["labels"]["severity"] in ("warning", "critical"), rule["alert"]
        assert len(rule["annotations"]["summary"]) > 10
        assert len(rule["annotations"]["description"]) > 10
        assert rule["for"]


def test_every_series_is_on_the_dashboard_or_in_an_alert():
    used = " ".join(EXPRESSIONS)
    unused = {name for name in shown() if not re.search(rf"\b{name}\b", used)}
    assert {name for name in unused if not name.endswith(("_count", "_sum"))} == set()


def test_panels_do_not_lie_over_one_another():
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_each_failure_has_an_outcome_of_its_own():
    def below(kind: type) -> list[type]:
        return [kind, *(one for sub in kind.__subclasses__() for one in below(sub))]

    codes = [kind.code for kind in below(errors.GatewayError) if kind is not errors.GatewayError]
    assert len(codes) > 4
    assert "accepted" not in codes
    assert all(re.fullmatch("[a-z_]+", code) for code in codes)
