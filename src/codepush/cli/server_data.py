"""``codepush server check``, ``gc``, ``backup`` and ``restore``: maintain all of a server's data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click
import msgspec

from codepush.cli.context import current, note_flag
from codepush.cli.errors import Exit
from codepush.cli.options import Command
from codepush.cli.storage_options import load_settings, place_options

if TYPE_CHECKING:
    from codepush.server.operations import Cleaned, Findings

__all__ = ["backup", "check", "gc", "restore"]

_MEGABYTE = 1_000_000


@click.command(cls=Command)
@click.option("--quick", is_flag=True, help="Do not read the archives; only look whether they are there.")
@click.option("--repair", is_flag=True, help="Create lost or damaged diffs again.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@place_options
def check(quick: bool, repair: bool, as_json: bool, **places: str | None) -> None:
    """Check that everything is there and fits together; ends with exit code 1 when something is wrong.

    Every archive of a release is read and its hash computed again, every diff is followed from what it starts from
    to what it leads to, labels have no gaps, and counters agree with the devices behind them. Without --repair
    nothing is changed. Servers may run at the same time.
    """
    from codepush.server import operations

    settings = load_settings(places)
    findings = anyio.run(lambda: operations.check(settings, deep=not quick, repair=repair))
    if as_json:
        shown = {"ok": findings.ok, **msgspec.to_builtins(findings)}
        click.echo(msgspec.json.format(msgspec.json.encode(shown)))
    else:
        _tell_findings(findings)
    if not findings.ok:
        click.get_current_context().exit(Exit.FAILED)


def _tell_findings(findings: Findings) -> None:
    for problem in findings.problems:
        click.echo(problem.message)
    if findings.orphans:
        click.echo(f"{len(findings.orphans)} archives belong to nothing; 'codepush server gc' removes them:")
        for orphan in findings.orphans:
            click.echo(f"  {orphan}")
    if findings.leftovers:
        click.echo(f"{len(findings.leftovers)} leftovers in the workspace; 'codepush server gc' removes them:")
        for leftover in findings.leftovers:
            click.echo(f"  {leftover}")
    looked_at = ", ".join(f"{number} {what}" for what, number in findings.counts.items())
    state = f"{len(findings.problems)} problems" if findings.problems else "everything is in order"
    click.echo(f"Checked {looked_at}: {state}.")


@click.command(cls=Command)
@click.option("--dry-run", is_flag=True, help="Only tell what would be removed.")
@click.option(
    "--retired-days",
    default=30,
    show_default=True,
    type=click.IntRange(0, 36500),
    help="Keep archives that releases no longer point to for so many days.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@place_options
def gc(dry_run: bool, retired_days: int, as_json: bool, **places: str | None) -> None:
    """Remove what nobody needs any more. Servers may run meanwhile.

    That is: archives to which no release has pointed for 30 days, since phones may have been told of them; archives
    older than a day to which nothing ever pointed; uploads that nobody released in time; remembered answers and
    one-time codes that have expired; what killed processes left in this machine's workspace.
    """
    from codepush.server import operations

    settings = load_settings(places)
    cleaned = anyio.run(lambda: operations.clean(settings, retired_days=retired_days, dry_run=dry_run))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode({"dry_run": dry_run, **msgspec.to_builtins(cleaned)})))
    else:
        click.echo(_cleaned_sentence(cleaned, dry_run=dry_run))


def _cleaned_sentence(cleaned: Cleaned, *, dry_run: bool) -> str:
    return (
        f"{'Would remove' if dry_run else 'Removed'} {cleaned.retired} archives that releases no longer point to, "
        f"{cleaned.orphans} that nothing ever pointed to ({cleaned.bytes / _MEGABYTE:.1f} MB together), "
        f"{cleaned.uploads} uploads that were not released in time, and {cleaned.leftovers} leftovers of killed "
        f"processes ({cleaned.leftover_bytes / _MEGABYTE:.1f} MB)."
    )


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: file, rows, blobs, missing.")
@place_options
def backup(file: Path, as_json: bool, **places: str | None) -> None:
    """Write everything into one new FILE. Servers may run meanwhile; it holds the records of one moment.

    It can be restored into any kind of database and store. It holds nothing with which somebody could log in, but
    everything else: keep it as safe as the server. When an archive is lost or damaged the file is written without it,
    and the exit code is 1.
    """
    from codepush.server import operations

    made = anyio.run(operations.back_up, load_settings(places), file)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode({"file": str(file), **msgspec.to_builtins(made)})))
    else:
        click.echo(f"Backed up {made.rows} records and {made.blobs} archives into {file}.")
    if made.missing:
        click.echo(
            f"{len(made.missing)} archives are lost or damaged and not in it: {', '.join(made.missing)}. "
            "'codepush server check' tells which releases they belong to.",
            err=True,
        )
        click.get_current_context().exit(Exit.FAILED)


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--replace", is_flag=True, help="Remove all records that are there now.")
@click.option(
    "--yes", "-y", is_flag=True, expose_value=False, callback=note_flag, help="Do not ask whether --replace is meant."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: rows, blobs, present.")
@place_options
def restore(file: Path, replace: bool, as_json: bool, **places: str | None) -> None:
    """Put everything from the backup FILE into a database and a store, of whatever kind they are.

    Stop the servers first. All of the file is verified before anything changes; the records come last and all at once,
    so that an interrupted restore can simply be repeated.
    """
    from codepush.server import operations

    if replace:
        current().confirm("Remove all records that are there now?", when_cancelled="Nothing was restored.")
    settings = load_settings(places)
    done = anyio.run(lambda: operations.restore(settings, file, replace=replace))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(done)))
    else:
        click.echo(
            f"Restored {done.rows} records and {done.blobs} archives, {done.present} of which were there already. "
            "'codepush server check' looks at all of it again."
        )
