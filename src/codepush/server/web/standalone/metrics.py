"""Metrics of deployments, now and over time, and insight into releases, in the standalone dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.server.services.errors import InvalidError
from codepush.server.web.management.responses import json_answer
from codepush.server.web.paths import app_in, name_in
from codepush.wire import standalone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.insight import Insights
    from codepush.server.services.releasing.metrics import Metrics
    from codepush.server.services.releasing.series import Series
    from codepush.server.web.management import Handler

__all__ = ["MetricsRoutes"]

_MOMENT_DIGITS: Final = 15
"""Maximum digits of a time: the last one is in the year 33658."""


class MetricsRoutes:
    """Handlers for metrics."""

    def __init__(self, metrics: Metrics, series: Series, insights: Insights) -> None:
        self._metrics = metrics
        self._series = series
        self._insights = insights

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by the IDs of their routes."""
        return {
            "get_deployment_metrics": self._counters,
            "get_deployment_metrics_series": self._counters_over_time,
            "get_insight": self._insight,
        }

    async def _counters(self, request: Request, caller: Caller) -> Response:
        counters = await self._metrics.of_deployment(caller, app_in(request), name_in(request, "deployment"))
        return json_answer(standalone.metrics_body(counters))

    async def _counters_over_time(self, request: Request, caller: Caller) -> Response:
        deployment = name_in(request, "deployment")
        since, until = _moment(request, "since"), _moment(request, "until")
        series = await self._series.of_deployment(caller, app_in(request), deployment, since=since, until=until)
        return json_answer(standalone.series_body(series))

    async def _insight(self, request: Request, caller: Caller) -> Response:
        label = request.query_params.get("label")
        if not label:
            raise InvalidError("label: name a release, such as v3.", code="label_required", field="label")
        since, until = _moment(request, "since"), _moment(request, "until")
        insight = await self._insights.of_label(
            caller, app_in(request), name_in(request, "deployment"), label, since=since, until=until
        )
        return json_answer(standalone.insight_body(insight))


def _moment(request: Request, name: str) -> int | None:
    """Return the time in a query parameter, in milliseconds since 1970."""
    text = request.query_params.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MOMENT_DIGITS):
        raise InvalidError(
            f"{name}: send a time in milliseconds since 1970, such as 1767225600000.", code="invalid_time", field=name
        )
    return int(text)
