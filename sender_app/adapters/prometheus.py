"""The figures in Prometheus' text format."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from sender_app.adapters.redis_meter import BOUNDS, Sum
from sender_app.ports.telemetry import Observation, QueueDepth

_SAID = {
    "sender_messages_total": "Messages given to WhatsApp, by what came of it",
    "sender_send_duration_seconds": "Seconds that WhatsApp took to accept or refuse a message",
    "sender_http_requests_total": "HTTP requests, by route and status",
    "sender_http_request_duration_seconds": "Seconds to answer an HTTP request, by route",
}


def exposition(
    version: str, observation: Observation, queues: Iterable[QueueDepth], sums: Iterable[Sum]
) -> bytes:
    """Everything, as text format 0.0.4. The sums are the installation's, not this process's."""
    registry = CollectorRegistry()
    registry.register(
        _Fixed(
            [
                _gauge("sender_build_info", "Sender's version", {(version,): 1}, "version"),
                *_observed(observation),
                *_queued(list(queues)),
                *_summed(sums),
            ]
        )
    )
    return generate_latest(registry)


class _Fixed(Collector):
    """A collector of metrics that are there already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _gauge(name: str, said: str, values: dict[tuple[str, ...], float], *labels: str) -> Metric:
    family = GaugeMetricFamily(name, said, labels=labels)
    for of, value in values.items():
        family.add_metric(of, value)
    return family


def _observed(seen: Observation) -> Iterator[Metric]:
    by_campaign = {(status,): float(n) for status, n in seen.campaigns.items()}
    yield _gauge("sender_campaigns", "Campaigns by status", by_campaign, "status")
    by_account = {(status,): float(n) for status, n in seen.accounts.items()}
    yield _gauge("sender_accounts", "WhatsApp accounts by status", by_account, "status")
    for name, said, value in (
        (
            "accounts_to_serve",
            "Accounts that are due and have no process",
            seen.accounts_to_serve,
        ),
        ("accounts_served", "Accounts with a live lease", seen.accounts_served),
        ("recipients_waiting", "Recipients of running campaigns not settled yet", seen.waiting),
        ("recipients_unconfirmed", "Recipients whose message may have left", seen.unconfirmed),
        ("lease_age_seconds", "Age of the oldest live lease", seen.oldest_lease.total_seconds()),
        ("leases_run_out", "Leases that ran out and were not taken over", seen.leases_run_out),
        (
            "account_wait_seconds",
            "Longest wait of an account with something to do for a process",
            seen.longest_wait.total_seconds(),
        ),
        ("database_bytes", "Size of the database", seen.database_bytes),
    ):
        yield _gauge(f"sender_{name}", said, {(): float(value)})


def _queued(queues: list[QueueDepth]) -> Iterator[Metric]:
    jobs = {
        (queue.name, state): float(getattr(queue, state))
        for queue in queues
        for state in ("waiting", "running", "failed")
    }
    yield _gauge("sender_queue_jobs", "Jobs by queue and state", jobs, "queue", "state")
    workers = {(queue.name,): float(queue.workers) for queue in queues}
    yield _gauge("sender_queue_workers", "Jobs that can run at once, by queue", workers, "queue")


def _summed(sums: Iterable[Sum]) -> Iterator[Metric]:
    families: defaultdict[str, list[Sum]] = defaultdict(list)
    for one in sums:
        families[one.name].append(one)
    for name, members in sorted(families.items()):
        names = [label for label, _ in members[0].labels]
        if any(member.part for member in members):
            yield _histogram(name, names, members)
        else:
            family = CounterMetricFamily(name, _SAID.get(name, name), labels=names)
            for member in members:
                family.add_metric([value for _, value in member.labels], member.value)
            yield family


def _histogram(name: str, names: list[str], members: list[Sum]) -> Metric:
    family = HistogramMetricFamily(name, _SAID.get(name, name), labels=names)
    series: defaultdict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for member in members:
        series[tuple(value for _, value in member.labels)][member.part] = member.value
    for labels, parts in series.items():
        so_far, buckets = 0.0, []
        for bound in BOUNDS:
            so_far += parts.get(bound, 0)
            buckets.append((bound, so_far))
        family.add_metric(labels, buckets=buckets, sum_value=parts.get("sum", 0.0))
    return family
