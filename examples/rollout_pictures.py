"""Draw what devices report of a release, and what follows from it, as SVG files.

python examples/rollout_pictures.py APP DEPLOYMENT LABEL FOLDER

The server and the access key are those of CODEPUSH_SERVER_URL and CODEPUSH_ACCESS_KEY. Needs nothing but the SDK.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from html import escape
from itertools import pairwise
from math import ceil, floor, log10
from pathlib import Path

from codepush import CodePush, CodePushError, Insight, NotFound, RolloutDecision

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 34, 34
BLUE, GREEN, RED, GREY = "#2563eb", "#15803d", "#b91c1c", "#6b7280"
HOUR = 3600
TICKS = 8
LEAST = 0.1
"""The least evidence that is drawn."""

Points = Sequence[tuple[float, float]]


class Drawing:
    """An SVG picture of values over time.

    Args:
        title: The title.
        span: The seconds that the x axis covers.
        top: The largest value of the y axis.
        bottom: The least value.
        is_log: Whether the y axis is logarithmic.

    """

    def __init__(self, title: str, span: float, top: float, *, bottom: float = 0.0, is_log: bool = False) -> None:
        self._title = title
        self._scale: Callable[[float], float] = log10 if is_log else float
        self._span, self._bottom, self._top = span, bottom, top
        self._parts: list[str] = []
        self._legends = 0
        if span:
            self._time_axis()

    def x(self, seconds: float) -> float:
        """Return the x coordinate of a time."""
        return LEFT + (WIDTH - LEFT - RIGHT) * seconds / self._span

    def y(self, value: float) -> float:
        """Return the y coordinate of a value; values outside the axis are drawn at its ends."""
        low, high = self._scale(self._bottom), self._scale(self._top)
        share = (self._scale(min(max(value, self._bottom), self._top)) - low) / (high - low)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    def line(self, points: Points, color: str) -> None:
        """Draw a line through points, each a time in seconds and a value."""
        self._parts.append(f'<polyline points="{self._path(points)}" fill="none" stroke="{color}" stroke-width="2"/>')

    def band(self, low: Points, high: Points, color: str) -> None:
        """Fill the area between two lines."""
        path = self._path([*low, *reversed(high)])
        self._parts.append(f'<polygon points="{path}" fill="{color}" fill-opacity="0.15"/>')

    def mark(self, value: float, name: str, color: str) -> None:
        """Draw a dashed line at a value, with its name."""
        y = self.y(value)
        self._parts.append(f'<path d="M{LEFT},{y:.1f} H{WIDTH - RIGHT}" stroke="{color}" stroke-dasharray="5 4"/>')
        self.text(WIDTH - RIGHT, y - 4, name, color=color, anchor="end")

    def shade(self, begin: float, end: float, opacity: float, name: str) -> None:
        """Shade a time, with a name at its top."""
        x, width = self.x(begin), self.x(end) - self.x(begin)
        self.bar(x, TOP, (width, HEIGHT - TOP - BOTTOM), GREEN, opacity)
        self.text(x + width / 2, TOP + 12, name, color=GREEN)

    def bar(self, x: float, y: float, size: tuple[float, float], color: str, opacity: float = 1.0) -> None:
        """Draw a rectangle."""
        width, height = size
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{color}"'
            f' fill-opacity="{opacity:.2f}"/>'
        )

    def text(self, x: float, y: float, text: str, *, color: str = GREY, anchor: str = "middle") -> None:
        """Write a text."""
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}" text-anchor="{anchor}">{escape(text)}</text>')

    def legend(self, text: str, color: str) -> None:
        """Add what a colour means to the right of the title."""
        self.text(WIDTH - RIGHT - 80 * self._legends, 20, text, color=color, anchor="end")
        self._legends += 1

    def values(self, values: Iterable[float], spelled: Callable[[float], str]) -> None:
        """Write values beside the y axis."""
        for value in values:
            self.text(LEFT - 6, self.y(value) + 4, spelled(value), anchor="end")

    def svg(self) -> str:
        """Return the picture."""
        style = 'font-family="sans-serif" font-size="12"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {style}>',
                f"<title>{escape(self._title)}</title>",
                f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
                f'<text x="{LEFT}" y="20" font-size="14" fill="#111827">{escape(self._title)}</text>',
                *self._parts,
                "</svg>\n",
            ]
        )

    def _path(self, points: Points) -> str:
        return " ".join(f"{self.x(seconds):.1f},{self.y(value):.1f}" for seconds, value in points)

    def _time_axis(self) -> None:
        hours = self._span / HOUR
        step = next((one for one in (0.25, 0.5, 1, 2, 4, 6, 12, 24, 48) if hours / one <= TICKS), ceil(hours / TICKS))
        for number in range(floor(hours / step) + 1):
            self.text(self.x(number * step * HOUR), HEIGHT - BOTTOM + 18, f"{number * step:g} h")
        self._parts.append(f'<path d="M{LEFT},{TOP} V{HEIGHT - BOTTOM} H{WIDTH - RIGHT}" fill="none" stroke="{GREY}"/>')


def pictures(insight: Insight, decisions: Sequence[RolloutDecision]) -> dict[str, str]:
    """Return all pictures of a release by name.

    Args:
        insight: What devices reported.
        decisions: The decisions about its rollout; none without a plan.

    """
    begin = insight.points[0].starts_at
    times = [seconds(begin, point.starts_at) for point in insight.points]
    ends = [*times[1:], max(seconds(begin, insight.until), times[-1] + 600)]
    return {
        "funnel": funnel(insight),
        "failures": failures(insight, ends),
        "evidence": evidence(insight, ends),
        "adoption": adoption(insight, ends, [(seconds(begin, one.at), one) for one in reversed(decisions)]),
        "gap": gap(insight, ends),
    }


def seconds(begin: datetime, at: datetime) -> float:
    """Return the seconds since the begin."""
    return max(0.0, (at - begin).total_seconds())


def funnel(insight: Insight) -> str:
    """Draw how many devices downloaded the release, ran it, failed, and fell silent."""
    drawing = Drawing(f"What {insight.label} did on the devices that downloaded it", 0, 1)
    silent = max(0, insight.began - insight.ok - insight.bad)
    rows = [
        ("downloaded", insight.began, BLUE),
        ("ran", insight.ok, GREEN),
        ("failed", insight.bad, RED),
        ("silent", silent, GREY),
    ]
    most = max(1, *(count for _, count, _ in rows))
    for number, (name, count, color) in enumerate(rows):
        y = TOP + 10 + number * 50
        drawing.text(LEFT + 40, y + 22, name, anchor="end")
        drawing.bar(LEFT + 50, y, (max(1.0, 420 * count / most), 34), color)
        drawing.text(LEFT + 58 + 420 * count / most, y + 22, f"{count:,}", anchor="start")
    return drawing.svg()


def failures(insight: Insight, ends: Sequence[float]) -> str:
    """Draw the share of failures with its interval and the limit."""
    known = [(end, one.failure_share, one.interval) for end, one in zip(ends, insight.points, strict=True)]
    shares = [(end, share) for end, share, _ in known if share is not None]
    top = min(1.0, 3 * max(insight.limit or 0.01, *(share for _, share in shares[-1:]), 0.01))
    drawing = Drawing(f"Failures of {insight.label}, with the 95 % interval", ends[-1], top)
    drawing.values([0, top / 2, top], lambda share: f"{share * 100:.1f} %")
    drawing.band([(end, low) for end, _, (low, _) in known], [(end, high) for end, _, (_, high) in known], BLUE)
    drawing.line(shares, BLUE)
    if insight.limit is not None:
        drawing.mark(insight.limit, f"limit {insight.limit * 100:.1f} %", RED)
    return drawing.svg()


def evidence(insight: Insight, ends: Sequence[float]) -> str:
    """Draw the evidence on a logarithmic scale."""
    found = [(end, one.evidence) for end, one in zip(ends, insight.points, strict=True) if one.evidence is not None]
    top = 10.0 ** ceil(log10(max(1000.0, *(value for _, value in found), 1.0)))
    drawing = Drawing(f"Evidence that {insight.label} fails too often", ends[-1], top, bottom=LEAST, is_log=True)
    drawing.values([LEAST, 1, 10, 100, 1000], lambda value: f"{value:g}")
    drawing.mark(10, "hold", GREY)
    drawing.mark(100, "halt", RED)
    drawing.line(found, BLUE)
    return drawing.svg()


def adoption(insight: Insight, ends: Sequence[float], decisions: Sequence[tuple[float, RolloutDecision]]) -> str:
    """Draw how many devices run the release, with the stages of its rollout shaded."""
    top = float(max(1, *(one.active for one in insight.points)))
    drawing = Drawing(f"Devices that run {insight.label}, and the stages of its rollout", ends[-1], top)
    stages = [(at, one) for at, one in decisions if one.kind in {"start", "advance", "halt", "complete"}]
    for (begin, one), (end, _) in pairwise([*stages, (ends[-1], None)]):
        if one is not None and one.kind in {"start", "advance"} and begin < end:
            drawing.shade(begin, min(end, ends[-1]), 0.08 + 0.2 * one.percent / 100, f"{one.percent} %")
    drawing.values([0, top / 2, top], lambda count: f"{count:,.0f}")
    drawing.line([(0, 0), *((end, one.active) for end, one in zip(ends, insight.points, strict=True))], BLUE)
    return drawing.svg()


def gap(insight: Insight, ends: Sequence[float]) -> str:
    """Draw the share of downloads without a verdict, beside that of earlier releases."""
    colors = zip(insight.gaps, (BLUE, GREEN), strict=False)
    lines = [(one, hourly(insight, ends, one.age), color) for one, color in colors]
    known = [share for one, points, _ in lines for share in [one.usual or 0, *(share for _, share in points)]]
    top = min(1.0, 1.2 * max([0.1, *known]))
    drawing = Drawing(f"Downloads of {insight.label} without a verdict, and the usual share", ends[-1], top)
    drawing.values([0, top / 2, top], lambda share: f"{share * 100:.0f} %")
    for one, points, color in lines:
        drawing.line(points, color)
        drawing.legend(f"after {one.age}", color)
        if one.usual is not None:
            drawing.mark(one.usual, "usual", color)
    return drawing.svg()


def hourly(insight: Insight, ends: Sequence[float], age: str) -> Points:
    """Return the share of downloads without a verdict at an age, by the hour."""
    began, gone = Counter[int](), Counter[int]()
    for end, point in zip(ends, insight.points, strict=True):
        if age in point.gaps:
            began[ceil(end / HOUR)] += point.began
            gone[ceil(end / HOUR)] += round(point.began * point.gaps[age])
    return [(min(hour * HOUR, ends[-1]), gone[hour] / count) for hour, count in sorted(began.items()) if count]


def main() -> None:
    """Draw all pictures of a release."""
    parser = argparse.ArgumentParser(description="Draw what devices report of a release, as SVG files.")
    for name in ("app", "deployment", "label"):
        parser.add_argument(name, metavar=name.upper())
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="where to write the files")
    given = parser.parse_args()
    with CodePush() as code_push:
        insight = code_push.get_insight(given.app, given.deployment, given.label)
        try:
            decisions = code_push.get_rollout_decisions(given.app, given.deployment, given.label)
        except NotFound:
            decisions = []
    if not insight.points:
        sys.exit(f"No device has reported {given.label}.")
    given.folder.mkdir(parents=True, exist_ok=True)
    for name, svg in pictures(insight, decisions).items():
        path = given.folder / f"{name}.svg"
        path.write_text(svg, encoding="utf-8")
        print(path)


if __name__ == "__main__":
    try:
        main()
    except CodePushError as error:
        sys.exit(f"Error: {error}")
