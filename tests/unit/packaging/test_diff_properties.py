"""What holds for the diff between any two packages."""

import hashlib
import io
import tempfile
from functools import partial
from itertools import accumulate
from pathlib import Path

from hypothesis import event, given, settings, strategies as st

from codepush.device.assembly import assemble
from codepush.packaging.archive import extract, read_manifest
from codepush.packaging.diff import find_changes, write_diff
from codepush.packaging.directory import read_at
from codepush.packaging.manifest import hash_tree, is_ignored
from codepush.packaging.writer import Item, write_archive

LETTERS = st.sampled_from("ab01._- é日😀\uffee\n\"'")
SPECIAL = st.sampled_from(["a", "b", "CodePush", ".codepushrelease", "hotcodepush.json", "__proto__", "1", "10"])
COMPONENTS = SPECIAL | st.text(LETTERS, min_size=1, max_size=4).filter(lambda name: name not in {".", ".."})
PATHS = st.lists(COMPONENTS, min_size=1, max_size=3).map("/".join).filter(lambda name: not is_ignored(name))
CONTENTS = st.binary(max_size=2) | st.binary(min_size=1, max_size=9).map(lambda data: data * 500)
TREES = st.dictionaries(PATHS, CONTENTS, max_size=8)


@st.composite
def packages(draw):
    """Return an older and a newer package: some files stay, some change, some go, some come."""
    old = draw(TREES)
    kept = {name: data for name, data in old.items() if draw(st.booleans())}
    bundle = {"main.jsbundle": b"older"}
    newer = draw(st.sampled_from([{"main.jsbundle": b"newer"}, {"main.jsbundle": b"newer"}, {}]))
    return sound(old | bundle), sound(draw(TREES) | kept | bundle | newer)


def sound(tree):
    """Return the files of a tree that can stand side by side: no name is both a file and a folder."""
    folders = {folder for name in tree for folder in accumulate(name.split("/")[:-1], "{}/{}".format)}
    return {name: data for name, data in tree.items() if name not in folders}


def packed(files, path):
    """Write the archive of a package and return its index."""
    items = [Item(name, len(data), lambda data=data: iter([data])) for name, data in files.items()]
    with path.open("x+b") as target:
        return write_archive(items, target)


def diff(index, old, archive, target):
    """Write a diff, if there is one, and return whether there is."""
    changes = find_changes(index, old.manifest)
    if changes is None:
        return False
    with archive.open("rb") as source, target.open("xb") as file:
        write_diff(changes, partial(read_at, source), file)
    return True


def is_impossible(old, new):
    """Say in other words when a phone cannot be given a diff."""
    changed = {name for name, data in new.items() if old.get(name) != data}
    meets_list = any(name == "hotcodepush.json" or name.startswith("hotcodepush.json/") for name in changed)
    meets_folder = any(other.startswith(f"{name}/") for name in changed for other in old)
    return old == new or meets_list or meets_folder


@settings(max_examples=250, deadline=None)
@given(packages())
def test_a_phone_makes_the_newer_package_of_the_older_one_and_the_diff(pair):
    """Whatever changed, the phone ends with the newer package's files and hash, or is given no diff for a reason."""
    old, new = pair
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        old_index, new_index = packed(old, root / "old.zip"), packed(new, root / "new.zip")
        phone, workspace = root / "phone", root / "workspace"
        workspace.mkdir()
        with (root / "old.zip").open("rb") as archive:
            extract(archive, phone)
        there_is_one = diff(new_index, old_index, root / "new.zip", workspace / "download")
        event(f"there is a diff: {there_is_one}")
        assert there_is_one != is_impossible(old, new)
        if there_is_one:
            found = assemble(
                workspace / "download", workspace, base=lambda: phone, bundle_name="main.jsbundle", bare_bundle_name="x"
            )
            assert found.package_hash == new_index.manifest.package_hash
            assert hash_tree(found.contents) == new_index.manifest
            assert hash_tree(phone) == old_index.manifest


@settings(max_examples=100, deadline=None)
@given(packages())
def test_diffs_are_reproducible_archives_of_our_own_kind(pair):
    """Made twice, from files in another order, a diff has the same bytes; read strictly, it is a sound archive."""
    old, new = pair
    once, again = written(old, new), written(dict(reversed(old.items())), dict(reversed(new.items())))
    assert once == again
    if once is not None:
        changed = {name: hashlib.sha256(data).hexdigest() for name, data in new.items() if old.get(name) != data}
        found = dict(read_manifest(io.BytesIO(once)).files)
        assert found.pop("hotcodepush.json")
        assert found == changed


def written(old, new):
    """Return the bytes of the diff between two packages, or None when there is none."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        old_index, new_index = packed(old, root / "old.zip"), packed(new, root / "new.zip")
        there_is_one = diff(new_index, old_index, root / "new.zip", root / "diff.zip")
        return (root / "diff.zip").read_bytes() if there_is_one else None
