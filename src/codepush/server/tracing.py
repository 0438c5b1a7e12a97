"""Spans: durations of operations, for distributed tracing.

Without an endpoint for spans, nothing is traced, and OpenTelemetry is not imported.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as _Otel, Tracer

__all__ = ["NO_SPANS", "OpenTelemetrySpans", "Span", "Spans", "open_spans"]

_log = logging.getLogger(__name__)


class Span(Protocol):
    """An operation in progress."""

    def set(self, name: str, value: str | int) -> None:
        """Set an attribute."""


class Spans(Protocol):
    """Creates spans."""

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[Span]:
        """Open a block as a span, below the current span; record an error that leaves it."""

    def close(self) -> None:
        """Export the remaining spans."""


class _Nothing:
    def set(self, name: str, value: str | int) -> None:
        """Do nothing."""


class _NoSpans:
    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[Span]:  # noqa: ARG002 - no-op
        """Do nothing."""
        return _NOTHING

    def close(self) -> None:
        """Do nothing."""


_NOTHING: Final[AbstractContextManager[Span]] = nullcontext(_Nothing())
NO_SPANS: Final[Spans] = _NoSpans()
"""Spans that are not exported."""


class _OpenSpan:
    def __init__(self, span: _Otel) -> None:
        self._span = span

    def set(self, name: str, value: str | int) -> None:
        """Set an attribute."""
        self._span.set_attribute(name, value)


class OpenTelemetrySpans:
    """Spans that an OpenTelemetry provider exports."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer: Tracer = provider.get_tracer("codepush")

    @contextmanager
    def span(self, name: str, **attributes: str | int) -> Iterator[Span]:
        """Open a span below the current one."""
        with self._tracer.start_as_current_span(name, attributes=attributes) as span:
            yield _OpenSpan(span)

    def close(self) -> None:
        """Export the remaining spans."""
        self._provider.shutdown()


def open_spans(endpoint: str) -> Spans:
    """Return spans that are sent to an OTLP endpoint; without one, or without OpenTelemetry, return `NO_SPANS`.

    OpenTelemetry reads its other variables itself, such as ``OTEL_EXPORTER_OTLP_HEADERS``.
    """
    if not endpoint:
        return NO_SPANS
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        _log.warning("Tracing is off (%s). Install OpenTelemetry with: pip install 'codepush[otel]'", error)
        return NO_SPANS
    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "codepush")})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    return OpenTelemetrySpans(provider)
