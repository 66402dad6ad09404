"""OpenTelemetry traces, sent only where OTEL_EXPORTER_OTLP_ENDPOINT says where to.

The exporter is imported only then. `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER` and the SDK's other
variables work as documented by OpenTelemetry.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from opentelemetry import trace

_tracer: trace.Tracer | None = None  # while nothing is traced
_UNTRACED = nullcontext(trace.INVALID_SPAN)


def start_tracing(endpoint: str, service: str) -> Any:
    """Trace this process from now on, which must not fork afterwards; returns the provider.

    None, and nothing is done, where `endpoint` is empty.
    """
    if not endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from sender_app.adapters.discreet_spans import DiscreetExporter

    provider = TracerProvider(
        resource=Resource.create({"service.name": service}), shutdown_on_exit=False
    )
    target = f"{endpoint.rstrip('/')}/v1/traces"
    exporter = DiscreetExporter(OTLPSpanExporter(endpoint=target))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    global _tracer  # noqa: PLW0603 - a process traces from here on, or never
    _tracer = provider.get_tracer("sender")
    return provider


def is_traced() -> bool:
    """Whether this process is."""
    return _tracer is not None


def span(name: str, **attributes: str) -> AbstractContextManager[trace.Span]:
    """A span around a block; costs next to nothing while nothing is traced."""
    if _tracer is None:  # the API's own span of no tracer costs as much as rendering a message
        return _UNTRACED
    return _tracer.start_as_current_span(name, attributes=attributes)
