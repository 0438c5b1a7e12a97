"""What holds for every package, and for every damage done to one."""

import hashlib
import io
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from codepush.errors import PackageError
from codepush.packaging.archive import Limits, extract, is_archive, normalise, read_manifest
from codepush.packaging.local import prepare
from codepush.packaging.manifest import hash_directory, hash_tree, is_empty
from unit.packaging.forge import Member, archive, opened

LETTERS = st.sampled_from("abc019._-+ @~'\"\n\x01éüß日\uffee😀")
SPECIAL = st.sampled_from([".DS_Store", "__MACOSX", ".codepushrelease", "__proto__", "hotcodepush.json"])
COMPONENTS = SPECIAL | st.text(LETTERS, min_size=1, max_size=8).filter(lambda name: name not in {".", ".."})
PATHS = st.lists(COMPONENTS, min_size=1, max_size=4).map("/".join)
CONTENTS = st.one_of(st.binary(max_size=200), st.binary(min_size=1, max_size=9).map(lambda data: data * 500))
TREES = st.dictionaries(PATHS, CONTENTS, min_size=1, max_size=8)

DESCRIBED = b"PK\7\x08" + bytes.fromhex("c2412435") + (3).to_bytes(4, "little") * 2
SOUND = [
    archive(Member(name="a.js"), Member(name="d/", data=b"", mode=0), Member(name="d/é.js", deflated=True)),
    archive(Member(name="abc", data=b"abc", flags=8, local_sizes=(0, 0), descriptor=DESCRIBED), Member(name="b")),
    archive(Member(name="t.js", data=b"text " * 99, deflated=True), comment=b"comment"),
    archive(Member(name="same"), Member(name="same"), Member(name=b"\x82\x01")),
]
DAMAGE = st.lists(
    st.tuples(
        st.sampled_from(["set", "insert", "cut", "flip", "copy"]),
        st.integers(0, 1 << 16),
        st.binary(min_size=1, max_size=4) | st.sampled_from([b"PK\1\2", b"PK\5\6", b"\xff" * 4, b"../", b"\0\0"]),
    ),
    min_size=1,
    max_size=4,
)


def write(tree, root):
    """Write the files of a tree, as far as they can stand side by side."""
    for name, data in tree.items():
        path = root / name
        if not any(parent.is_file() for parent in path.parents) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def damaged(content, damage):
    changed = bytearray(content)
    for kind, where, what in damage:
        at = where % (len(changed) + 1)
        if kind == "set":
            changed[at : at + len(what)] = what
        elif kind == "insert":
            changed[at:at] = what
        elif kind == "cut":
            del changed[at : at + len(what)]
        elif kind == "copy":
            changed[at:at] = changed[at : at + 16 * len(what)]
        elif at < len(changed):
            changed[at] ^= 1 << what[0] % 8
    return bytes(changed)


@settings(max_examples=100, deadline=None)
@given(TREES)
def test_every_tree_arrives_as_it_left(tree):
    """Packed, normalised by a server and unpacked by a phone, a directory keeps its files, and only its files."""
    with tempfile.TemporaryDirectory() as folder:
        root, phone = Path(folder, "CodePush"), Path(folder, "phone")
        write(tree, root)
        sent = hash_directory(root)
        if is_empty(sent.files):
            with pytest.raises(PackageError, match="holds no files"):
                prepare(root)
            return
        served = io.BytesIO()
        with prepare(root) as package, package.path.open("rb") as upload:
            normalise(upload, served)
            assert served.getvalue() == package.path.read_bytes()
        assert extract(served, phone) == hash_tree(phone) == package.manifest == sent


@settings(max_examples=2000, deadline=None)
@given(st.sampled_from(SOUND), DAMAGE)
def test_damaged_archives_are_refused_or_read_right(content, damage):
    """Whatever bytes change, an archive is refused with our error, or read; nothing is written elsewhere."""
    content = damaged(content, damage)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "out")
        try:
            manifest = extract(opened(content), target, limits=Limits(total_size=1 << 20))
        except PackageError:
            assert list(Path(folder).iterdir()) == []
        else:
            assert is_archive(opened(content))
            assert [path.name for path in Path(folder).iterdir()] == ["out"]
            assert hash_tree(target) == manifest == read_manifest(opened(content))
            assert contents_by_zipfile(content) == manifest.files


def contents_by_zipfile(content):
    """Read what was normalised with Python's own zipfile."""
    target = io.BytesIO()
    normalise(opened(content), target)
    with zipfile.ZipFile(target) as found:
        return {entry.filename: hashlib.sha256(found.read(entry)).hexdigest() for entry in found.infolist()}
