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
@click.option("--quick", is_flag=True, help="Check only whether archives exist, without reading them.")
@click.option("--repair", is_flag=True, help="Rebuild missing or damaged diffs.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@place_options
def check(quick: bool, repair: bool, as_json: bool, **places: str | None) -> None:
    """Verify the integrity of all stored data. Exits with 1 if a problem is found.

    Recomputes the hash of every archive, applies every diff, and checks that labels have no gaps and counters match
    the stored devices. Without --repair nothing is changed. Servers may run at the same time.
    """
    from codepush.server import operations

    settings = load_settings(places)
    findings = anyio.run(lambda: operations.check(settings, deep=not quick, repair=repair))
    if as_json:
        shown = {"ok": findings.ok, **msgspec.to_builtins(findings)}
        click.echo(msgspec.json.format(msgspec.json.encode(shown)))
    else:
        _print_findings(findings)
    if not findings.ok:
        click.get_current_context().exit(Exit.FAILED)


def _print_findings(findings: Findings) -> None:
    for problem in findings.problems:
        click.echo(problem.message)
    if findings.orphans:
        click.echo(f"{len(findings.orphans)} archives are not referenced; 'codepush server gc' deletes them:")
        for orphan in findings.orphans:
            click.echo(f"  {orphan}")
    if findings.leftovers:
        click.echo(f"{len(findings.leftovers)} leftovers in the workspace; 'codepush server gc' deletes them:")
        for leftover in findings.leftovers:
            click.echo(f"  {leftover}")
    checked = ", ".join(f"{number} {what}" for what, number in findings.counts.items())
    state = f"{len(findings.problems)} problems" if findings.problems else "no problems"
    click.echo(f"Checked {checked}: {state}.")


@click.command(cls=Command)
@click.option("--dry-run", is_flag=True, help="Show what would be deleted without deleting it.")
@click.option(
    "--retired-days",
    default=30,
    show_default=True,
    type=click.IntRange(0, 36500),
    help="Days to keep archives that releases no longer reference.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@place_options
def gc(dry_run: bool, retired_days: int, as_json: bool, **places: str | None) -> None:
    """Delete unreferenced archives and expired data. Servers may run at the same time.

    Deletes archives that no release has referenced for 30 days, since devices may still have their URL; archives older
    than a day that were never referenced; expired uploads, recorded responses and one-time codes; files that killed
    processes left in this machine's workspace.
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
        f"{'Would delete' if dry_run else 'Deleted'} {cleaned.retired} archives that releases no longer reference, "
        f"{cleaned.orphans} that were never referenced ({cleaned.bytes / _MEGABYTE:.1f} MB together), "
        f"{cleaned.uploads} expired uploads, and {cleaned.leftovers} leftovers of killed "
        f"processes ({cleaned.leftover_bytes / _MEGABYTE:.1f} MB)."
    )


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: file, rows, blobs, missing.")
@place_options
def backup(file: Path, as_json: bool, **places: str | None) -> None:
    """Back up all data to a new FILE. Servers may run at the same time.

    The backup is a consistent snapshot and can be restored into any kind of database and store. It contains no access
    keys but all other data, so protect it like the server. If an archive is lost or damaged, the backup is written
    without it and the exit code is 1.
    """
    from codepush.server import operations

    made = anyio.run(operations.back_up, load_settings(places), file)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode({"file": str(file), **msgspec.to_builtins(made)})))
    else:
        click.echo(f"Backed up {made.rows} records and {made.blobs} archives into {file}.")
    if made.missing:
        click.echo(
            f"{len(made.missing)} archives are lost or damaged and missing in the backup: {', '.join(made.missing)}. "
            "'codepush server check' lists their releases.",
            err=True,
        )
        click.get_current_context().exit(Exit.FAILED)


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--replace", is_flag=True, help="Delete all existing records.")
@click.option("--yes", "-y", is_flag=True, expose_value=False, callback=note_flag, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: rows, blobs, present.")
@place_options
def restore(file: Path, replace: bool, as_json: bool, **places: str | None) -> None:
    """Restore the backup FILE into a database and a store of any kind.

    Stop the servers first. The whole file is verified before anything changes. Records are restored last, in one
    transaction, so an interrupted restore can be run again.
    """
    from codepush.server import operations

    if replace:
        current().confirm("Delete all existing records?", when_cancelled="Nothing was restored.")
    settings = load_settings(places)
    done = anyio.run(lambda: operations.restore(settings, file, replace=replace))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(done)))
    else:
        click.echo(
            f"Restored {done.rows} records and {done.blobs} archives, {done.present} of which already existed. "
            "To verify the data: codepush server check"
        )
