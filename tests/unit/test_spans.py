"""What collectors of traces are not told."""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode

from sender_app.adapters.discreet_spans import DiscreetExporter


def test_spans_have_no_queries_and_of_numbers_only_their_ends():
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(DiscreetExporter(kept)))
    addresses = {
        "http.url": "https://sender.example/auth/local?token=geheim",
        "http.target": "/auth/callback?code=geheim",
        "url.path": "/api/v1/opt-outs/+595981000009",
        "url.query": "search=geheim",
        "http.response.status_code": 200,
    }
    with provider.get_tracer("x").start_as_current_span(
        "GET /api/v1/opt-outs/+595981000009", attributes=addresses
    ) as span:
        span.add_event("exception", {"exception.message": "no +595981000009"})
        span.set_status(Status(StatusCode.ERROR, "no +595981000009"))
    [told] = kept.get_finished_spans()
    assert told.attributes == {
        "http.url": "https://sender.example/auth/local",
        "http.target": "/auth/callback",
        "url.path": "/api/v1/opt-outs/+595…009",
        "http.response.status_code": 200,
    }
    assert told.name == "GET /api/v1/opt-outs/+595…009"
    assert told.status.status_code is StatusCode.ERROR
    assert "595981000009" not in told.to_json()
