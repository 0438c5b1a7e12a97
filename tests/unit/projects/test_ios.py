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
    (config / "Shared.xcconfig").write_text(
        "MARKETING_VERSION = $(MAJOR).$(MINOR).3\nMAJOR = 1\nMINOR[sdk=macosx*] = 9\nMINOR[config=Debug] = 8\n"
    )
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
        ("$(OTHER)", r'target "HelloWorld" in the configuration "Release".* is \$\(OTHER\), and OTHER is not set.*-xt'),
        ("1.0$(BETA)", "BETA is not set"),
        ("$(TARGET_NAME:lower)", "changes the setting"),
        ("2.01", "cannot be used"),
    ],
)
def test_unusable(ios, version, said):
    """A version that is none, is missing or is nowhere set is said to be so."""
    ios.plist(version)
    ios.project(without_version)
    with pytest.raises(ProjectError, match=said):
        ios.version()


ANCHOR = "baseConfigurationReferenceAnchor = SS; baseConfigurationReferenceRelativePath = Release.xcconfig;"
REFERENCE = "baseConfigurationReference = AA;"
GROUPS = """
AA = {isa = PBXFileReference; path = Other.xcconfig; sourceTree = "<group>"; };
SS = {isa = PBXFileSystemSynchronizedRootGroup; path = Config; sourceTree = "<group>"; };
DD = {isa = PBXFileReference; path = Derived.xcconfig; sourceTree = BUILT_PRODUCTS_DIR; };
BB = {isa = PBXGroup; children = (AA, SS, ); path = Settings; sourceTree = "<group>"; };
"""


def based_on(ios, more, files, target="", project="MARKETING_VERSION = 1.0;"):
    """Write an Xcode project whose target is based on configuration files, and whose own settings have a version."""

    def change(text):
        text = without_version(text).replace("objects = {\n", f"objects = {{{GROUPS}", 1)
        text = re.sub(r"baseConfigurationReference = .*;", f"{more} /* based */", text)
        text = text.replace("VALIDATE_PRODUCT = YES;", project)
        return re.sub(r"(/\* based \*/\s+buildSettings = \{)", rf"\1 {target}", text)

    ios.plist("$(MARKETING_VERSION)")
    ios.project(change)
    for name, text in files.items():
        path = ios.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


SYNCHRONIZED = "Settings/Config/Release.xcconfig"


@pytest.mark.parametrize(
    ("more", "files", "target"),
    [
        (ANCHOR, {SYNCHRONIZED: "MARKETING_VERSION = 7.8.9"}, ""),
        (REFERENCE, {"Settings/Other.xcconfig": "MARKETING_VERSION = 7.8.9"}, ""),
        (ANCHOR, {SYNCHRONIZED: '#include "../a.xcconfig"', "Settings/a.xcconfig": "MARKETING_VERSION = 7.8.9"}, ""),
        (ANCHOR, {SYNCHRONIZED: "MAJOR = 7"}, 'MARKETING_VERSION = "$(MAJOR).8.9";'),
        (ANCHOR, {SYNCHRONIZED: "X = $(X)"}, "MARKETING_VERSION = 7.8.9;"),
        (ANCHOR, {}, "MARKETING_VERSION = 7.8.9;"),
        (ANCHOR + REFERENCE, {SYNCHRONIZED: "MARKETING_VERSION = 1"}, "MARKETING_VERSION = 7.8.9;"),
        (ANCHOR, {SYNCHRONIZED: "MARKETING_VERSION = $(inherited).2"}, 'MARKETING_VERSION = "7.8.9";'),
        (ANCHOR, {SYNCHRONIZED: "A_Release = 7.8.9"}, 'MARKETING_VERSION = "$(A_$(CONFIGURATION))";'),
    ],
)
def test_configuration_file_before_project(ios, more, files, target):
    """The target's settings win, then the file that its configuration is based on, in either way of naming one."""
    based_on(ios, more, files, target)
    assert ios.version().value == "7.8.9"


@pytest.mark.parametrize(
    ("more", "files", "target", "said"),
    [
        (ANCHOR, {}, "", "there is no configuration file .*Settings/Config/Release.xcconfig"),
        (ANCHOR.replace("SS", "ZZ"), {}, "", "configuration file ZZ cannot be found"),
        (REFERENCE.replace("AA", "DD"), {}, "", "configuration file DD cannot be found"),
        (ANCHOR, {SYNCHRONIZED: '\n#include "none.xcconfig"'}, "", 'xcconfig", line 2: .*no file "none.xcconfig"'),
        (ANCHOR, {SYNCHRONIZED: '#include? "tmp.xcconfig"'}, "", 'no file "tmp.xcconfig"'),
        (ANCHOR, {SYNCHRONIZED: "MARKETING_VERSION[sdk=iphoneos*] = 2.0"}, "", "certain builds only"),
        ("", {}, '"MARKETING_VERSION[arch=arm64]" = 2.0;', "certain builds only"),
        (ANCHOR, {SYNCHRONIZED: "MARKETING_VERSION = $(GENERATED)"}, "", "GENERATED is not set"),
        (ANCHOR, {SYNCHRONIZED: "MARKETING_VERSION = $(MARKETING_VERSION)"}, "", "refers to itself"),
        (
            ANCHOR + REFERENCE,
            {SYNCHRONIZED: "MARKETING_VERSION = 2.0", "Settings/Other.xcconfig": ""},
            "",
            "based on two files",
        ),
    ],
)
def test_configuration_that_cannot_be_followed(ios, more, files, target, said):
    """Where a source of settings cannot be followed, the project's own version does not take its place."""
    based_on(ios, more, files, target)
    with pytest.raises(ProjectError, match=said) as raised:
        ios.version()
    assert "--target-binary-version" in raised.value.message


def test_pods_that_are_not_installed(ios):
    """A configuration file that CocoaPods writes sets no version, so that it need not be there."""
    pods = "baseConfigurationReference = PP;"
    based_on(ios, pods, {}, project="MARKETING_VERSION = 7.8.9;")
    path = next(ios.folder.glob("*.xcodeproj")) / "project.pbxproj"
    name = "Pods/Target Support Files/Pods-Hello/Pods-Hello.release.xcconfig"
    reference = f'PP = {{isa = PBXFileReference; path = "{name}"; sourceTree = SOURCE_ROOT; }};\n'
    path.write_text(path.read_text().replace("objects = {", f"objects = {{{reference}", 1))
    assert ios.version().value == "7.8.9"


def test_list_of_the_target_that_is_missing(ios):
    """A list that the chosen target names and that is not there is an error, although another one has a version."""
    ios.plist("1.0.0", "Hello/Info.plist")
    ios.project(lambda text: text.replace("HelloWorld/Info.plist;", '"$(SRCROOT)/Beta/Info.plist";'))
    with pytest.raises(ProjectError, match=r"Beta/Info.plist.*not there"):
        ios.version("Hello", target="HelloWorld")
    ios.plist("2.0.0", "Beta/Info.plist")
    assert ios.version("Hello", target="HelloWorld").value == "2.0.0"
    assert ios.version("Hello", configuration="Release").value == "2.0.0"


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
