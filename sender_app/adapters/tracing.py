"""OpenTelemetry traces, sent only where OTEL_EXPORTER_OTLP_ENDPOINT says where to.

The exporter is imported only then. `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER` and the SDK's other
variables work as documented by OpenTelemetry.
"""

from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import trace

_tracer = trace.get_tracer("sender")


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

    provider = TracerProvider(
        resource=Resource.create({"service.name": service}), shutdown_on_exit=False
    )
    target = f"{endpoint.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=target)))
    trace.set_tracer_provider(provider)
    return provider


def span(name: str, **attributes: str) -> AbstractContextManager[trace.Span]:
    """A span around a block; costs next to nothing while nothing is traced."""
    return _tracer.start_as_current_span(name, attributes=attributes)
