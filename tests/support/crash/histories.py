"""What a deployment's history must be after each change, worked out without the server."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Row:
    """What is compared of a release: all that nothing in the background may change."""

    label: str
    package_hash: str
    app_version: str
    description: str | None
    method: str
    is_disabled: bool = False
    is_mandatory: bool = False
    original_label: str | None = None


def row(package):
    """Return the row of a release as the SDK shows it."""
    return Row(
        package.label,
        package.package_hash,
        package.app_version,
        package.description,
        package.release_method,
        bool(package.is_disabled),
        bool(package.is_mandatory),
        package.original_label,
    )


def released(rows, package_hash, app_version, description):
    """Return a history after a release."""
    return (*rows, Row(_next(rows), package_hash, app_version, description, "Upload"))


def patched(rows, description, *, is_mandatory):
    """Return a history after its newest release was patched."""
    return (*rows[:-1], replace(rows[-1], description=description, is_mandatory=is_mandatory))


def promoted(rows, source):
    """Return a history after the release ``source`` of another deployment was promoted to it."""
    newest = replace(source, label=_next(rows), method="Promote", original_label=source.label)
    return (*rows, newest)


def rolled_back(rows):
    """Return a history after a rollback to the release before the newest."""
    target = rows[-2]
    newest = replace(target, label=_next(rows), method="Rollback", original_label=target.label)
    return (*rows, newest)


def _next(rows):
    return f"v{len(rows) + 1}"
