"""After the last start: is every archive there that a release or a diff points to, and is it what it should be?"""

import httpx2

from codepush.device.assembly import assemble


def archives(releases, folder):
    """Fetch the package and every diff of releases, put each together and compare its hash; return how many."""
    packages = {}
    with httpx2.Client(timeout=60, follow_redirects=True) as http:
        for number, release in enumerate(releases):
            assembled = _assemble(http, release.blob_url, folder / f"{number}", base=None)
            assert assembled.package_hash == release.package_hash, release.label
            packages[release.package_hash] = assembled.contents
        diffs = [(release, old, diff.url) for release in releases for old, diff in release.diff_package_map.items()]
        for number, (release, old, url) in enumerate(diffs):
            assembled = _assemble(http, url, folder / f"diff{number}", base=packages[old])
            assert assembled.package_hash == release.package_hash, f"{release.label} from {old}"
    return len(packages), len(diffs)


def _assemble(http, url, workspace, *, base):
    workspace.mkdir()
    answer = http.get(url)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    download = workspace / "download"
    download.write_bytes(answer.content)
    return assemble(
        download,
        workspace,
        base=lambda: base,
        bundle_name="index.android.bundle",
        bare_bundle_name="index.android.bundle",
    )
