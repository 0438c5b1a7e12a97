"""A capacity model: the load that a number of devices causes, as in docs/scale.md, for your own figures.

    python benchmarks/model.py --devices 100000000 --checks-a-day 6

The default costs are those of benchmarks/results.md; give those of your machines.
"""

from __future__ import annotations

import argparse
from typing import Final

DAY: Final = 86_400
REPORTS_OF_AN_UPDATE: Final = 2
"""A device that installs an update reports the download and the installation."""

OPTIONS: Final = {
    "devices": (100_000_000, "devices with the app"),
    "checks-a-day": (6, "update checks per device and day"),
    "peak": (3, "load of the busiest hour, relative to the mean"),
    "first-day": (0.5, "share of the devices that install a release on its first day"),
    "package-bytes": (3_000_000, "a whole package"),
    "diff-bytes": (300_000, "a diff"),
    "diff-share": (0.9, "share of the devices that can use a diff"),
    "answer-bytes": (800, "size of the response to a check, with its headers"),
    "checks-a-cpu-second": (60_000, "checks per second of one core"),
    "reports-a-cpu-second": (3_000, "reports over HTTP per second of one core"),
    "reports-a-second-stored": (7_000, "reports per second that the database stores for one deployment"),
    "device-bytes": (175, "bytes in PostgreSQL per device and deployment; SQLite needs 55"),
    "load": (0.6, "maximum load of a core in the busiest hour"),
}


def main() -> None:
    """Print the expected load."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, (value, meaning) in OPTIONS.items():
        parser.add_argument(f"--{name}", type=float, default=value, help=f"{meaning} [{value:,}]")
    for line, value in expected(vars(parser.parse_args())).items():
        print(f"{line:<62}{value:>16}")


def expected(given: dict[str, float]) -> dict[str, str]:
    """Return the figures of the model by their descriptions."""
    checks = given["devices"] * given["checks_a_day"] / DAY
    reports = given["devices"] * given["first_day"] * REPORTS_OF_AN_UPDATE / DAY
    peak, load, stored = given["peak"], given["load"], given["reports_a_second_stored"]
    download = given["diff_share"] * given["diff_bytes"] + (1 - given["diff_share"]) * given["package_bytes"]
    updated = given["devices"] * given["first_day"]
    egress = updated * download
    return {
        "checks a second, mean": f"{checks:,.0f}",
        "checks a second, busiest hour": f"{checks * peak:,.0f}",
        "cores for checks in that hour": f"{checks * peak / given['checks_a_cpu_second'] / load:,.1f}",
        "network for checks in that hour, Mbit/s": f"{checks * peak * given['answer_bytes'] * 8 / 1e6:,.0f}",
        "reports a second on a release's first day, mean": f"{reports:,.0f}",
        "reports a second, busiest hour": f"{reports * peak:,.0f}",
        "cores for reports in that hour": f"{reports * peak / given['reports_a_cpu_second'] / load:,.1f}",
        "share of the database's capacity for one deployment": f"{reports * peak / stored:.0%}",
        "devices in the database, GB": f"{given['devices'] * given['device_bytes'] / 1e9:,.1f}",
        "downloads on the first day, TB": f"{egress / 1e12:,.1f}",
        "the same with whole packages only, TB": f"{updated * given['package_bytes'] / 1e12:,.1f}",
        "network for downloads in the busiest hour, Gbit/s": f"{egress / DAY * peak * 8 / 1e9:,.1f}",
    }


if __name__ == "__main__":
    main()
