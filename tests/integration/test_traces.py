"""Traces, as a collector gets them over OTLP."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.stack import Stack, Web, eventually, free_ports


class Collector:
    """Keeps the names of the spans that it is sent, by service, and all of it as it came."""

    def __init__(self) -> None:
        self.spans: dict[str, list[str]] = {}
        self.bytes = b""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.bytes += body
                collector.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, request: ExportTraceServiceRequest) -> None:
        for of in request.resource_spans:
            attributes = {one.key: one.value.string_value for one in of.resource.attributes}
            names = [span.name for scope in of.scope_spans for span in scope.spans]
            self.spans.setdefault(attributes["service.name"], []).extend(names)


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


def test_each_message_and_request_is_a_span_where_traces_are_wanted(
    stack: Stack, collector: Collector, database_url: str, redis_url: str, tmp_path: Path
):
    stack.stop_worker()
    wanted = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    stack.start_worker(**wanted)
    stack.link()
    stack.finished(stack.send(5))
    eventually(lambda: collector.spans.get("sender-worker", []).count("whatsapp.send") == 5)
    env = {"DATABASE_URL": database_url, "REDIS_URL": redis_url} | wanted
    web = Web(env, tmp_path / "web.log", free_ports(1))
    assert web.get("/sign-in", follow_redirects=True).status_code == 200
    eventually(lambda: any("GET" in name for name in collector.spans.get("sender-web", [])))
    for path in ("/auth/local?token=geheim", "/auth/callback?code=geheim&state=x"):
        assert web.get(path).status_code == 303
    for path in ("/api/v1/opt-outs/+595981000009", "/api/v1/contacts?search=geheim"):
        assert httpx.delete(f"{web.url}{path}", timeout=60).status_code in (401, 405)
    eventually(lambda: any("/api/v1/contacts" in name for name in collector.spans["sender-web"]))
    assert web.stop() == 0
    for secret in (b"geheim", b"595981000009"):
        assert secret not in collector.bytes
