"""What a number of phones asks of the servers: the arithmetic behind docs/scale.md, with figures of your own.

    python benchmarks/model.py --phones 100000000 --checks-a-day 6

The costs are those of benchmarks/results.md; give those of your machines.
"""

from __future__ import annotations

import argparse
from typing import Final

DAY: Final = 86_400
REPORTS_OF_AN_UPDATE: Final = 2
"""A phone that takes an update reports the download and the installation."""

OPTIONS: Final = {
    "phones": (100_000_000, "phones with the app"),
    "checks-a-day": (6, "update checks of a phone a day"),
    "peak": (3, "the busiest hour beside the mean"),
    "first-day": (0.5, "share of the phones that take a release on its first day"),
    "package-bytes": (3_000_000, "a whole package"),
    "diff-bytes": (300_000, "a diff"),
    "diff-share": (0.9, "share of the phones that can use a diff"),
    "answer-bytes": (800, "an answer to a check, with its headers"),
    "checks-a-cpu-second": (60_000, "checks that a second of one core answers"),
    "reports-a-cpu-second": (3_000, "reports that a second of one core takes over HTTP"),
    "reports-a-second-stored": (7_000, "reports a second that the database takes for one deployment"),
    "device-bytes": (175, "bytes in PostgreSQL for each device and deployment; SQLite takes 55"),
    "load": (0.6, "how busy a core may be in the busiest hour"),
}


def main() -> None:
    """Print what there is to expect."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, (value, meaning) in OPTIONS.items():
        parser.add_argument(f"--{name}", type=float, default=value, help=f"{meaning} [{value:,}]")
    for line, value in expected(vars(parser.parse_args())).items():
        print(f"{line:<62}{value:>16}")


def expected(given: dict[str, float]) -> dict[str, str]:
    """Return each figure of the model by what it is."""
    checks = given["phones"] * given["checks_a_day"] / DAY
    reports = given["phones"] * given["first_day"] * REPORTS_OF_AN_UPDATE / DAY
    peak, load = given["peak"], given["load"]
    download = given["diff_share"] * given["diff_bytes"] + (1 - given["diff_share"]) * given["package_bytes"]
    takers = given["phones"] * given["first_day"]
    egress = takers * download
    return {
        "checks a second, mean": f"{checks:,.0f}",
        "checks a second, busiest hour": f"{checks * peak:,.0f}",
        "cores for checks in that hour": f"{checks * peak / given['checks_a_cpu_second'] / load:,.1f}",
        "network for checks in that hour, Mbit/s": f"{checks * peak * given['answer_bytes'] * 8 / 1e6:,.0f}",
        "reports a second on a release's first day, mean": f"{reports:,.0f}",
        "reports a second, busiest hour": f"{reports * peak:,.0f}",
        "cores for reports in that hour": f"{reports * peak / given['reports_a_cpu_second'] / load:,.1f}",
        "of what the database takes for one deployment": f"{reports * peak / given['reports_a_second_stored']:.0%}",
        "devices in the database, GB": f"{given['phones'] * given['device_bytes'] / 1e9:,.1f}",
        "downloads on the first day, TB": f"{egress / 1e12:,.1f}",
        "the same with whole packages only, TB": f"{takers * given['package_bytes'] / 1e12:,.1f}",
        "network for downloads in the busiest hour, Gbit/s": f"{egress / DAY * peak * 8 / 1e9:,.1f}",
    }


if __name__ == "__main__":
    main()
