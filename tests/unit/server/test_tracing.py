"""Spans, sent to a receiver of OpenTelemetry's protocol on this machine."""

import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from codepush import PackageInfo
from codepush.server.tracing import NO_SPANS, open_spans
from codepush.testing import live_server


@contextmanager
def receiver():
    """Run a receiver on a free port; yield its URL and the spans that it has got."""
    spans = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            assert self.path == "/v1/traces"
            sent = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
            for resource in sent.resource_spans:
                spans.extend(span for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", spans
        finally:
            server.shutdown()
            thread.join()


def attributes(span):
    values = ((one.key, one.value) for one in span.attributes)
    return {key: value.string_value or value.int_value for key, value in values}


def test_a_release_and_a_report_can_be_followed(tmp_path):
    """The stages of a release are spans within that of its request; reports and jobs have spans of their own."""
    with receiver() as (url, spans):
        with live_server(tmp_path / "data", traces_url=url) as server, server.client() as code_push:
            code_push.add_app("App", os="iOS", platform="React-Native")
            (tmp_path / "index.js").write_text("1")
            code_push.release("App", "Staging", tmp_path / "index.js", "1.0.0", PackageInfo(description="First"))
            key = code_push.get_deployment("App", "Staging").key
            report = {"deployment_key": key, "label": "v1"}
            answer = httpx2.post(f"{server.url}/v0.1/public/codepush/report_status/download", json=report)
            assert answer.status_code == 200
        by_name = {span.name: span for span in spans}
    requests = {attributes(span).get("http.route"): span for span in spans if span.name == "request"}
    release = requests["/apps/{app}/deployments/{deployment}/release"]
    assert attributes(release) == {
        "http.request.method": "POST",
        "http.route": "/apps/{app}/deployments/{deployment}/release",
        "http.response.status_code": 201,
    }
    for stage in ("receive", "pack", "store", "commit"):
        span = by_name[f"release.{stage}"]
        assert span.parent_span_id == release.span_id
        assert release.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
    assert attributes(by_name["reports.commit"]) == {"reports.count": 1}
    assert not any(key in str(span) or server.access_key in str(span) for span in spans)


def test_nothing_is_traced_unless_there_is_somewhere_to_send_it():
    """Without an address nothing of OpenTelemetry is used."""
    assert open_spans("") is NO_SPANS


def test_a_server_starts_without_opentelemetry(monkeypatch, caplog):
    """Where its address is set for everything on a machine, a server that lacks it says so and serves."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert open_spans("http://127.0.0.1:4318") is NO_SPANS
    assert "codepush[otel]" in caplog.text
