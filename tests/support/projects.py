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


BUNDLER = """
const fs = require('fs');
const path = require('path');
const words = process.argv.slice(3);
const option = (name) => (words.includes(name) ? words[words.indexOf(name) + 1] : undefined);
console.log('bundling ' + process.argv.slice(2).join(' ') + ` (CI=${process.env.CI})`);
if (words.includes('--fail')) process.exit(7);
const script = fs.readFileSync(option('--entry-file'), 'utf8');
const assets = path.join(option('--assets-dest'), 'assets');
fs.mkdirSync(assets);
fs.writeFileSync(path.join(assets, 'logo.png'), 'logo');
fs.writeFileSync(option('--bundle-output'), `${option('--platform')} dev=${option('--dev')}: ${script}`);
const map = {version: 3, sources: ['index.js'], packager: true};
if (option('--sourcemap-output')) fs.writeFileSync(option('--sourcemap-output'), JSON.stringify(map));
"""
"""Stands in for React Native's command line: a bundle is what the entry file says."""

COMPOSER = """
const fs = require('fs');
const [packager, compiler, , output] = process.argv.slice(2);
const both = {...JSON.parse(fs.readFileSync(packager)), ...JSON.parse(fs.readFileSync(compiler))};
fs.writeFileSync(output, JSON.stringify(both));
"""
"""Stands in for what joins source maps."""

COMPILER = """
import pathlib, sys
words = sys.argv[1:]
assert words[:2] == ["-w", "-emit-binary"]
output, bundle = words[3], words[4]
pathlib.Path(output).write_bytes(b"bytecode of " + pathlib.Path(bundle).read_bytes())
if "-output-source-map" in words:
    pathlib.Path(output + ".map").write_text('{"compiler": true}')
"""
"""Stands in for Hermes's compiler."""


def make_react_native(root, version="0.80.3", files=None):
    """Write a React Native app whose tools are stand-ins."""
    system = "osx-bin" if sys.platform == "darwin" else "linux64-bin"
    package = {"name": "hello", "dependencies": {"react-native": version}}
    plist = "<plist><dict><key>CFBundleShortVersionString</key><string>3.4.5</string></dict></plist>"
    script = 'android { defaultConfig { versionName "1.2.3" }; productFlavors { paid { versionName "2.0.0" } } }'
    app = {"package.json": package, "index.js": "hello", "ios/Info.plist": plist, "android/app/build.gradle": script}
    write_files(root, app | (files or {}))
    folder = install_package(
        root, "react-native", version, {"cli.js": BUNDLER, "scripts/compose-source-maps.js": COMPOSER}
    )
    install_tool(folder / "sdks/hermesc" / system, "hermesc", COMPILER)


CORDOVA = """
import pathlib, sys
print("cordova", *sys.argv[1:])
if "build" in sys.argv:
    sys.exit(5)
folders = {"ios": "platforms/ios/www", "android": "platforms/android/app/src/main/assets/www"}
www = pathlib.Path(folders[sys.argv[2]])
if pathlib.Path("platforms", sys.argv[2]).exists():
    www.mkdir(parents=True, exist_ok=True)
    (www / "index.html").write_text("hello")
"""
"""Stands in for Cordova's command line, without the tools that it builds with."""

WEBPACK = """
const fs = require('fs');
const path = require('path');
const option = (name) => process.argv[process.argv.indexOf(name) + 1];
fs.writeFileSync(path.join(option('--output-path'), option('--output-filename')), fs.readFileSync(option('--entry')));
"""
"""Stands in for webpack: a bundle is what the entry file says."""


def make_cordova(root, platform):
    """Write a Cordova app for a platform, whose command line is a stand-in."""
    (root / "platforms" / platform).mkdir(parents=True)
    write_files(root, {"config.xml": '<widget version="1.2.3"/>'})
    install_tool(root / "node_modules/.bin", "cordova", CORDOVA)


def install_webpack(root):
    """Install a stand-in for webpack."""
    install_package(root, "webpack", files={"bin/webpack.js": WEBPACK})
    install_package(root, "webpack-cli")
