"""Spans: what took how long, for those who trace requests through their systems.

Nothing is traced, and nothing of OpenTelemetry is imported, unless there is somewhere to send the spans.
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
    """Something that is going on."""

    def set(self, name: str, value: str | int) -> None:
        """Tell more about it."""


class Spans(Protocol):
    """Tells of what is going on."""

    def span(self, name: str, **attributes: str | int) -> AbstractContextManager[Span]:
        """Open a block that is a span, within the span that it is opened in; an error that leaves it is recorded."""

    def close(self) -> None:
        """Send what has not been sent yet."""


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
        """Tell more about it."""
        self._span.set_attribute(name, value)


class OpenTelemetrySpans:
    """Spans that a provider of OpenTelemetry's sends somewhere."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer: Tracer = provider.get_tracer("codepush")

    @contextmanager
    def span(self, name: str, **attributes: str | int) -> Iterator[Span]:
        """Open a span, below the one that is open here."""
        with self._tracer.start_as_current_span(name, attributes=attributes) as span:
            yield _OpenSpan(span)

    def close(self) -> None:
        """Send what has not been sent yet."""
        self._provider.shutdown()


def open_spans(endpoint: str) -> Spans:
    """Return spans that are sent to an OTLP endpoint; without one, or without OpenTelemetry, spans that do nothing.

    OpenTelemetry reads its other variables by itself, such as ``OTEL_EXPORTER_OTLP_HEADERS``.
    """
    if not endpoint:
        return NO_SPANS
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        _log.warning("Nothing is traced (%s). Install what is missing with: pip install 'codepush[otel]'", error)
        return NO_SPANS
    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "codepush")})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    return OpenTelemetrySpans(provider)
