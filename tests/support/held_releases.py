"""Random histories with held releases, and a simple model of what devices are offered of them."""

from msgspec.structs import replace

from codepush.models import DiffPackage, Package, UpdateCheck

_RANGES = ("*", "*", "1.0.0", "^1.0.0", "2.0.0", "~1.2", ">=1.0.0-beta <2.0.0", "nonsense")
_VERSIONS = ("1.0.0", "1.0.0", "1.2.7", "2.0.0", "1", "1.0.0-beta", "3.1.0")
_HASHES = ("h1", "h2", "h3", "h4", "h5")


class Histories:
    """Makes histories and checks.

    Args:
        source: Source of randomness, which makes them repeatable.
    """

    def __init__(self, source):
        self._source = source

    def history(self):
        """Return one to eight releases, oldest first, of which some are held and some share a package."""
        return tuple(self._release(number) for number in range(1, self._source.randint(2, 9)))

    def check(self, history, key="key"):
        """Return a check of a device that runs one of the releases, or something else."""
        one = self._source.choice(history)
        choose = self._source.choice
        return UpdateCheck(
            deployment_key=key,
            app_version=choose(_VERSIONS),
            package_hash=choose([one.package_hash, one.package_hash, *_HASHES, "other", "", None]),
            label=choose([one.label, one.label, one.label, "v1", "v3", "v99", "", None]),
            is_companion=choose([False, False, False, True]),
            client_unique_id=choose(["", None, *map(str, range(8))]),
        )

    def _release(self, number):
        choose = self._source.choice
        return Package(
            app_version=choose(_RANGES),
            package_hash=choose(_HASHES),
            label=f"v{number}",
            is_disabled=choose([None, False, False, False, True]),
            is_held=choose([False, False, True]),
            is_mandatory=choose([None, False, False, True]),
            rollout=choose([None, None, 50, 100]),
            blob_url=f"http://codepush.test/blobs/{number}",
            size=100 + number,
            diff_package_map={choose(_HASHES): DiffPackage(size=number, url=f"http://codepush.test/blobs/d{number}")},
        )


def as_seen_by(history, package_hash):
    """Return the history without held releases: finished for the devices that run them, disabled for all others."""
    return tuple(_as_seen_by(one, package_hash) for one in history)


def _as_seen_by(release, package_hash):
    if not release.is_held:
        return release
    if release.package_hash == package_hash:
        return replace(release, is_held=False, rollout=None)
    return replace(release, is_held=False, is_disabled=True)
