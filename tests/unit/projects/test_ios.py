"""The version of an iOS app: property lists, Xcode projects and configuration files."""

import plistlib
import re
from pathlib import Path

import pytest

from codepush.errors import ProjectError
from codepush.projects.openstep import parse_openstep
from codepush.projects.plist import PlistOptions, plist_version
from codepush.projects.xcconfig import read_xcconfig
from codepush.projects.xcode import XcodeProject, find_xcode_project

APP = "com.apple.product-type.application"
TEMPLATE = Path(__file__).parents[2] / "data/projects/template.pbxproj"
"""The Xcode project of React Native's community template, as it is."""


class IosApp:
    """A folder with the iOS part of an app, made piece by piece."""

    def __init__(self, root):
        self.root = root
        self.folder = root / "ios"
        self.folder.mkdir()

    def plist(self, version, path="HelloWorld/Info.plist", *, fmt=plistlib.FMT_XML):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        keys = {"CFBundleName": "Hello"} | ({} if version is None else {"CFBundleShortVersionString": version})
        file.write_bytes(plistlib.dumps(keys, fmt=fmt))

    def project(self, change=lambda text: text, name="HelloWorld"):
        file = self.folder / f"{name}.xcodeproj" / "project.pbxproj"
        file.parent.mkdir(parents=True)
        file.write_text(change(TEMPLATE.read_text(encoding="utf-8")), encoding="utf-8")
        return file

    def version(self, name="helloworld", **options):
        return plist_version(self.root, name, PlistOptions(**options))


@pytest.fixture
def ios(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return IosApp(tmp_path)


def without_version(text):
    return text.replace("MARKETING_VERSION = 1.0;", "")


@pytest.mark.parametrize("fmt", [plistlib.FMT_XML, plistlib.FMT_BINARY])
@pytest.mark.parametrize("place", ["Hello/Info.plist", "Info.plist"])
def test_plist(ios, place, fmt):
    """A version in a property list is found in both usual places and both forms."""
    ios.plist("1.2.3", place, fmt=fmt)
    assert ios.version("Hello").value == "1.2.3"


def test_given_plist(ios):
    """A named list goes before those in the usual places, as does one with a prefix."""
    ios.plist("1.0.0", "Hello/Info.plist")
    ios.plist("2.0.0", "other/My.plist")
    ios.plist("3.0.0", "Hello/Beta-Info.plist")
    assert ios.version("Hello", plist_file=Path("ios/other/My.plist")).value == "2.0.0"
    assert ios.version("Hello", plist_file_prefix="Beta").value == "3.0.0"
    assert ios.version("Hello", plist_file_prefix="Beta-").value == "3.0.0"


def test_template(ios):
    """The template's own files: the list of the target refers to a setting of the Xcode project."""
    ios.plist("$(MARKETING_VERSION)")
    ios.project(lambda text: text.replace("MARKETING_VERSION = 1.0;", "MARKETING_VERSION = 4.5.6;"))
    told = ios.version()
    assert told.value == "4.5.6"
    assert "HelloWorld, Release" in told.source


def test_build_configuration(ios):
    """The version of the named build configuration counts, and Release is the default."""
    ios.plist("$(MARKETING_VERSION)")

    def change(text):
        first, second, third = text.split("MARKETING_VERSION = 1.0;")
        return f"{first}MARKETING_VERSION = 1.1.1;{second}MARKETING_VERSION = 2.2.2;{third}"

    ios.project(change)
    assert ios.version().value == "2.2.2"
    assert ios.version(configuration="Debug").value == "1.1.1"
    with pytest.raises(ProjectError, match=r'no build configuration "Beta".*It has Debug, Release'):
        ios.version(configuration="Beta")


def test_target(ios):
    """A target that is not there is an error that names those that are."""
    ios.plist("$(MARKETING_VERSION)")
    ios.project()
    assert ios.version(target="HelloWorld").value == "1.0"
    with pytest.raises(ProjectError, match=r'no target "Watch".*It has HelloWorld'):
        ios.version(target="Watch")


def test_version_by_project_level(ios):
    """What the target does not set comes from the project's own settings."""
    ios.plist("${MARKETING_VERSION}")
    ios.project(lambda text: without_version(text).replace("VALIDATE_PRODUCT = YES;", "MARKETING_VERSION = 7.8.9;"))
    assert ios.version().value == "7.8.9"


def test_version_by_xcconfig(ios):
    """The file that a configuration is based on is found through the groups, and its includes are followed."""
    ios.plist("$(MARKETING_VERSION)")
    reference = 'AA = {isa = PBXFileReference; path = "Release.xcconfig"; sourceTree = "<group>"; };\n'
    group = 'BB = {isa = PBXGroup; children = (AA, ); path = Config; sourceTree = "<group>"; };\n'

    def change(text):
        text = without_version(text).replace("objects = {\n", f"objects = {{\n{reference}{group}", 1)
        text = re.sub(r"baseConfigurationReference = .*;", "", text)
        return text.replace("= XCBuildConfiguration;", "= XCBuildConfiguration; baseConfigurationReference = AA;")

    ios.project(change)
    config = ios.folder / "Config"
    config.mkdir()
    (config / "Release.xcconfig").write_text(
        '#include "Shared.xcconfig"\n#include? "nothing.xcconfig"\nMINOR = 2 // two\n'
    )
    (config / "Shared.xcconfig").write_text("MARKETING_VERSION = $(MAJOR).$(MINOR).3\nMAJOR = 1\nMINOR[sdk=*] = 9\n")
    assert ios.version().value == "1.2.3"


def test_generated_plist(ios):
    """Without a list, as newer Xcode projects are, the setting itself counts."""
    ios.project(lambda text: text.replace("INFOPLIST_FILE = HelloWorld/Info.plist;", "GENERATE_INFOPLIST_FILE = YES;"))
    assert ios.version().value == "1.0"


def test_other_targets(ios):
    """When applications of a project have different versions and none was chosen, a note says so."""
    ios.plist("$(MARKETING_VERSION)")
    configuration = (
        "CC = {isa = XCBuildConfiguration; name = Release; buildSettings = {MARKETING_VERSION = 9.0; }; };\n"
    )
    listed = "DD = {isa = XCConfigurationList; buildConfigurations = (CC, ); };\n"
    target = f'EE = {{isa = PBXNativeTarget; name = Beta; productType = "{APP}"; buildConfigurationList = DD; }};\n'
    ios.project(
        lambda text: text.replace("objects = {\n", f"objects = {{\n{configuration}{listed}{target}", 1).replace(
            "targets = (\n", "targets = (\nEE,\n", 1
        )
    )
    told = ios.version()
    assert told.value == "1.0"
    assert told.notes == ("Other targets have other versions: Beta (9.0). Choose with --xcode-target-name (-xt).",)
    assert ios.version(target="Beta").value == "9.0"


@pytest.mark.parametrize("given", ["ios/HelloWorld.xcodeproj", "ios/HelloWorld.xcodeproj/project.pbxproj"])
def test_given_project(ios, given):
    """The Xcode project may be named as the folder or the file."""
    path = ios.project()
    assert find_xcode_project(ios.root, "x", Path(given)) == path
    with pytest.raises(ProjectError, match="--xcode-project-file"):
        find_xcode_project(ios.root, "x", Path("ios/None.xcodeproj"))


def test_several_projects(ios):
    """Of several projects the one with the package's name is taken; otherwise they are named."""
    ios.project(name="A")
    ios.project(name="B")
    assert find_xcode_project(ios.root, "A").parent.name == "A.xcodeproj"
    with pytest.raises(ProjectError, match=r'"ios/A.xcodeproj", "ios/B.xcodeproj"'):
        find_xcode_project(ios.root, "x")


def test_nothing_found(ios):
    """The error names each place looked at, and the options to use."""
    with pytest.raises(ProjectError) as raised:
        ios.version("Hello")
    for said in ('"ios/Hello/Info.plist"', '"ios/Info.plist"', "--plist-file", "--target-binary-version"):
        assert said in raised.value.message


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("one", 'version "one" in'),
        (None, "has no CFBundleShortVersionString"),
        ("$(OTHER)", r"is \$\(OTHER\), which the Xcode project does not set"),
    ],
)
def test_unusable(ios, version, said):
    """A version that is none, is missing or is nowhere set is said to be so."""
    ios.plist(version)
    ios.project(without_version)
    with pytest.raises(ProjectError, match=said):
        ios.version()


@pytest.mark.parametrize(
    "content", [b"", b"bplist00nonsense", b"<plist><dict><key>a", b"\xff" * 40, b"<plist><array/></plist>"]
)
def test_broken_plist(ios, content):
    """A list that cannot be read is an error, not a crash."""
    ios.plist("1")
    (ios.folder / "HelloWorld/Info.plist").write_bytes(content)
    with pytest.raises(ProjectError, match=r"Info.plist"):
        ios.version("HelloWorld")


@pytest.mark.parametrize("text", ["", "{", "{ a = ; }", "{ a = (1 2); }", "(" * 500, "{ objects = 1; }", "}"])
def test_broken_project(ios, text):
    """An Xcode project that cannot be read is an error, not a crash."""
    path = ios.project(lambda _: text)
    with pytest.raises(ProjectError, match=r"read|no application"):
        XcodeProject(path).settings()


def test_openstep():
    """The old form of property lists: comments, quotes, escapes, lists, data."""
    text = '// !$*UTF8*$!\n{ a = b; /* c */ "d e" = "f\\n\\"g\\U00e9"; h = (1, "2", ); i = <0f>; j = {}; }'
    assert parse_openstep(text, "x") == {"a": "b", "d e": 'f\n"gé', "h": ["1", "2"], "i": "<0f>", "j": {}}


def test_xcconfig_of_itself(tmp_path):
    """A configuration file that includes itself, or a URL in one, does no harm."""
    path = tmp_path / "a.xcconfig"
    path.write_text('#include "a.xcconfig"\nURL = https://example.com/a\nFLAGS = $(inherited) -a\n')
    assert read_xcconfig(path)["URL"] == "https://example.com/a"
