"""``codepush rollout simulate``: what a plan would have decided about a release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from codepush.cli.context import pass_cli
from codepush.cli.errors import Exit, Failure
from codepush.cli.options import RemoteCommand, app_argument, deployment_argument
from codepush.cli.rollout_settings import PLAN, plan_details, plan_of
from codepush.cli.values import SHARE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from codepush.cli.context import Cli
    from codepush.cli.output import Table
    from codepush.insight_models import Insight
    from codepush.rollout_models import RolloutBaseline
    from codepush.rules.replay import Cohort, Replay

__all__ = ["simulate"]

_DEVICES: Final = 20_000
"""Devices of the model."""

_MOST_BYTES: Final = 4 * 1024 * 1024
"""The largest insight has about 400 points of at most some hundred bytes."""


class _Subject(NamedTuple):
    """The release to replay: its name in messages, its label if it has one, and its cohorts."""

    name: str
    label: str | None
    cohorts: Sequence[Cohort]


@click.command("simulate", cls=RemoteCommand)
@app_argument()
@deployment_argument
@click.option("--plan", type=PLAN, required=True, metavar="STAGES", help='The plan, such as "5% 4h, 25% 1d, 100%".')
@plan_details
@click.option("--from", "label", metavar="LABEL", help="Recorded release to replay.  [a model of 20,000 devices]")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="JSON of the recorded release's insight, instead of --from.",
)
@click.option("--add", type=SHARE, metavar="PERCENT", help="Let the release fail on this share of devices as well.")
@click.option("--crash", is_flag=True, help="Let the release crash on all devices.")
@click.option("--silent", type=SHARE, metavar="PERCENT", help="Let this share of devices fall silent.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the random numbers.")
@pass_cli
def simulate(
    cli: Cli,
    /,
    app: str | None,
    deployment: str | None,
    *,
    label: str | None,
    file: Path | None,
    add: float | None,
    crash: bool,
    silent: float | None,
    seed: int,
    **values: Any,  # noqa: ANN401 - click's
) -> None:
    """Replay a release under a plan, and show each decision.

    The release is recorded (--from, --file), or comes from a model of 20,000 devices. Nothing is sent to devices.
    The rollout starts with the first download, and approvals are given immediately.
    """
    from codepush.rollout_models import RolloutPlan
    from codepush.rules.replay import Faults, replay

    if label and file:
        raise click.UsageError("Give either --from or --file.")
    if crash and add:
        raise click.UsageError("Give either --add or --crash.")
    if (app or deployment) and not label:
        raise click.UsageError("APP and DEPLOYMENT need --from, the label of the release to replay.")
    plan = plan_of(values)
    assert isinstance(plan, RolloutPlan)  # it is required
    faults = Faults(failing=1.0 if crash else add or 0.0, silent=silent or 0.0)
    subject = _subject(cli, app, deployment, label=label, file=file, seed=seed)
    try:
        found = replay(subject.cohorts, plan, faults=faults, baseline=_baseline(subject), seed=seed)
    except ValueError as error:
        raise Failure(f"Cannot replay {subject.name}: {error}") from error
    cli.out.result(_as_json(subject, found), _sentences(subject, found))
    if not cli.out.is_json:
        cli.out.result(None, _table(found))
        cli.out.result(None, _end(found))


def _subject(
    cli: Cli, app: str | None, deployment: str | None, *, label: str | None, file: Path | None, seed: int
) -> _Subject:
    from codepush.rules.replay import modelled

    if file is not None:
        return _recorded(str(file), _read(file))
    if label is not None:
        name, of = cli.app(app), cli.deployment(deployment)
        return _recorded(label, cli.client.get_insight(name, of, label))
    return _Subject("a modelled release", None, modelled(_DEVICES, seed=seed))


def _read(file: Path) -> Insight:
    from codepush.client.rollout_plans import insight_of
    from codepush.errors import DecodeError

    with file.open("rb") as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise Failure(f"{file} is too large for an insight.", exit_code=Exit.USAGE)
    try:
        return insight_of(content)
    except DecodeError as error:
        raise Failure(f"{file}: {error.message}", exit_code=Exit.USAGE) from error


def _recorded(name: str, insight: Insight) -> _Subject:
    from codepush.rules.replay import recorded

    try:
        cohorts = recorded(insight)
    except ValueError as error:
        raise Failure(f"Cannot replay {name}: {error}", exit_code=Exit.USAGE) from error
    if not cohorts:
        raise Failure(
            f"Cannot replay {name}: no device has reported it.", "Leave out --from and --file to use a model."
        )
    return _Subject(name, insight.label, cohorts)


def _baseline(subject: _Subject) -> RolloutBaseline:
    from codepush.rules.replay import as_baseline

    return as_baseline(subject.label or "the model", subject.cohorts)


def _sentences(subject: _Subject, found: Replay) -> str:
    from codepush.rules.replay import size

    devices = sum(map(size, subject.cohorts))
    return f"Replay of {subject.name}: {devices:,} devices, limit {found.limit * 100:.1f}%."


def _table(found: Replay) -> Table:
    from codepush.cli.output import Column, Table

    rows = [
        (_clock(one.after), f"{one.decision.percent}%", f"{one.reached:,}", f"{one.hurt:,}", one.decision.text)
        for one in found.moments
    ]
    return Table(("After", "Percent", "Devices", "Hurt", Column("Decision", 48)), rows)


def _end(found: Replay) -> str:
    return (
        f"The rollout is {found.state} at {found.percent}% after {_clock(found.after)}: {found.reached:,} devices"
        f" downloaded the release, {found.hurt:,} of them were hurt."
    )


def _clock(span: timedelta) -> str:
    """Return a time as days, hours and minutes."""
    minutes = int(span.total_seconds() // 60)
    days = f"{minutes // 1440}d " if minutes >= 1440 else ""  # noqa: PLR2004 - minutes of a day
    return f"{days}{minutes // 60 % 24:02}:{minutes % 60:02}"


def _as_json(subject: _Subject, found: Replay) -> dict[str, Any]:
    from codepush.client.rollout_plans import as_json

    return {
        "label": subject.label,
        "limitPercent": round(found.limit * 100, 6),
        "state": found.state,
        "percent": found.percent,
        "reached": found.reached,
        "hurt": found.hurt,
        "seconds": int(found.after.total_seconds()),
        "decisions": [
            {"seconds": int(one.after.total_seconds()), "reached": one.reached, "hurt": one.hurt}
            | as_json(one.decision)
            for one in found.moments
        ],
    }
