"""Spans tell no more than the log: no queries, of numbers only their ends.

Whoever instruments a request puts its whole address into the span: the token of a sign-in link, the
provider's code, the name that somebody searches for, the number of an opt-out.
"""

from collections.abc import Mapping, Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import AttributeValue

from sender_app.logs import without_phones

_ADDRESSES = frozenset({"http.target", "http.url", "url.full"})
_QUERY = "url.query"


class DiscreetExporter(SpanExporter):
    """Hands spans on to another exporter without what they should not tell."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand copies on."""
        return self._exporter.export([_discreet(span) for span in spans])

    def shutdown(self) -> None:
        """End the other one."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Have the other one send what it has."""
        return self._exporter.force_flush(timeout_millis)


def _discreet(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=without_phones(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_told(span.attributes),
        events=[Event(one.name, _told(one.attributes), one.timestamp) for one in span.events],
        links=span.links,
        kind=span.kind,
        status=_outcome(span.status),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _told(attributes: Mapping[str, AttributeValue] | None) -> dict[str, AttributeValue]:
    return {
        name: _shortened(name, value)
        for name, value in (attributes or {}).items()
        if name != _QUERY
    }


def _shortened(name: str, value: AttributeValue) -> AttributeValue:
    if not isinstance(value, str):
        return value
    return without_phones(value.partition("?")[0] if name in _ADDRESSES else value)


def _outcome(status: Status) -> Status:
    if not status.description:
        return status
    return Status(status.status_code, without_phones(status.description))
