"""What is published: the wheel, the source distribution and the SBOM, as ``make dist`` builds them."""

import json
import re
import subprocess
import tarfile
import tomllib
import zipfile
from email.parser import BytesParser
from pathlib import Path

from support.processes import full

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME = f"codepush-{PROJECT['version']}"
PACKAGE = {
    path.relative_to(ROOT / "src").as_posix()
    for path in (ROOT / "src/codepush").rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}


def build(tool, folder):
    """Run a tool that writes into a folder."""
    done = subprocess.run([ROOT / "tools" / tool, folder], env=full(None), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr


def test_distribution(tmp_path):
    """The files have the version in their names, hold all of the package, and nothing else of the repository."""
    build("dist.sh", tmp_path)
    with zipfile.ZipFile(tmp_path / f"{NAME}-py3-none-any.whl") as wheel:
        files = {name for name in wheel.namelist() if not name.endswith("/")}
        metadata = BytesParser().parsebytes(wheel.read(f"{NAME}.dist-info/METADATA"))
        scripts = wheel.read(f"{NAME}.dist-info/entry_points.txt").decode()
    assert {name for name in files if ".dist-info/" not in name} == PACKAGE
    assert {"codepush/py.typed", "codepush/server/web/templates/page.html"} <= PACKAGE
    assert [name for name in PACKAGE if name.startswith("codepush/server/storage/sql/migrations/versions/")]
    assert f"{NAME}.dist-info/licenses/LICENSE" in files
    assert scripts.split() == ["[console_scripts]", "codepush", "=", "codepush.cli.main:main"]
    assert (metadata["Version"], metadata["License-Expression"]) == (PROJECT["version"], "MIT")
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert set(metadata.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    assert len(metadata.get_all("Project-URL")) == len(PROJECT["urls"])

    with tarfile.open(tmp_path / f"{NAME}.tar.gz") as archive:
        files = {member.name.removeprefix(f"{NAME}/") for member in archive.getmembers() if member.isfile()}
    others = {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "pyproject.toml.orig"}
    assert files - others == {f"src/{name}" for name in PACKAGE}


def test_reproducible(tmp_path):
    """Two builds give the same bytes."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        build("dist.sh", folder)
    for path in first.glob(f"{NAME}*"):
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_versions():
    """The changelog has a section for the version that is built, and the manifests name its image."""
    version = PROJECT["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## .*\b{re.escape(version)}\b", changelog, re.MULTILINE)
    manifests = "".join(path.read_text() for path in (ROOT / "deploy/kubernetes").rglob("*.yaml"))
    assert set(re.findall(r"image: codepush:(\S+)", manifests)) == {version}


def test_sbom(tmp_path):
    """The SBOM names each locked dependency of the image with its hashes, and the version of codepush."""
    build("sbom.sh", tmp_path)
    sbom = json.loads((tmp_path / "codepush.cdx.json").read_text(encoding="utf-8"))
    assert sbom["bomFormat"] == "CycloneDX"
    assert sbom["metadata"]["component"]["version"] == PROJECT["version"]
    locked = (ROOT / "requirements/server.txt").read_text(encoding="utf-8")
    expected = re.findall(r"^([\w.-]+)(?:\[[^]]*])?==([\w.]+)", locked, re.MULTILINE)
    assert expected
    assert sorted((one["name"], one["version"]) for one in sbom["components"]) == sorted(expected)
    digests = {
        digest["content"]
        for one in sbom["components"]
        for reference in one["externalReferences"]
        for digest in reference.get("hashes", [])
    }
    assert digests == set(re.findall(r"--hash=sha256:([0-9a-f]{64})", locked))
