"""App projects for tests, with stand-ins for tools that are too large to install for each test."""

import json
import os
import stat
import sys


def write_files(root, files):
    """Write files by their path; a value that is no text becomes JSON."""
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def install_package(root, name, version="1.0.0", files=None):
    """Put a package where Node finds it, and return its folder."""
    folder = root / "node_modules" / name
    write_files(folder, {"package.json": {"name": name, "version": version}, **(files or {})})
    return folder


def install_tool(folder, name, script):
    """Write a program in Python that stands in for a tool, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{script}", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def put_on_path(monkeypatch, folder):
    """Let a folder's programs be found before all others."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), os.environ["PATH"]]))
