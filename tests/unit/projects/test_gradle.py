"""Reading Gradle scripts, Groovy and Kotlin, without running Gradle."""

from textwrap import dedent

import pytest

from codepush.errors import ProjectError
from codepush.projects.gradle import find_gradle_script, gradle_version


@pytest.fixture
def android(tmp_path, monkeypatch):
    """Give a function that writes an Android project: the app's script, and other files by their path."""
    monkeypatch.chdir(tmp_path)

    def write(script, files=None, *, name="build.gradle"):
        everything = {f"android/app/{name}": script, "android/settings.gradle": "", **(files or {})}
        for path, text in everything.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text), encoding="utf-8")
        return find_gradle_script(tmp_path)

    return write


ROOT = "android/build.gradle"
PROPERTIES = "android/gradle.properties"
OWN_PROPERTIES = "android/app/gradle.properties"
SLURPER = 'ext.packageJson = new groovy.json.JsonSlurper().parseText(file("../package.json").text)'


def config(value):
    return f"android {{\n  defaultConfig {{\n    versionCode 1\n    versionName {value}\n  }}\n}}\n"


@pytest.mark.parametrize(
    ("script", "version"),
    [
        (config('"1.2.3"'), "1.2.3"),
        (config("'1.2.3'"), "1.2.3"),
        (config('= "1.2"'), "1.2"),
        (config('("1.2.3")'), "1.2.3"),
        (config('"1.2.3-beta.1" // not "9.9.9"'), "1.2.3-beta.1"),
        ('android.defaultConfig.versionName = "1.2.3"', "1.2.3"),
        ('android { defaultConfig { versionCode 3; versionName "1.2.3" } }', "1.2.3"),
        ('android {\n namespace "a"\n}\n' + config('"1.2.3"'), "1.2.3"),
        ("/* " + config('"9.9.9"') + " */\n" + config('"1.2.3"'), "1.2.3"),
        ('def url = "http://example.com/{"\n' + config('"1.2.3"'), "1.2.3"),
        ('def appVersion = "1.2.3"\n' + config("appVersion"), "1.2.3"),
        ('String appVersion = "1.2.3"\n' + config("appVersion"), "1.2.3"),
        ('ext.appVersion = "1.2.3"\n' + config("ext.appVersion"), "1.2.3"),
        ('project.ext.appVersion = "1.2.3"\n' + config("project.appVersion"), "1.2.3"),
        ('ext {\n  appVersion = "1.2.3"\n}\n' + config("project.ext.appVersion"), "1.2.3"),
        ('project.ext.set("appVersion", "1.2.3")\n' + config('project.property("appVersion")'), "1.2.3"),
        ("def major = 1\ndef minor = 2\n" + config('"${major}.${minor}.3"'), "1.2.3"),
        ("def major = 1\ndef minor = 2\n" + config('"$major.$minor.3"'), "1.2.3"),
        ("def major = 1\n" + config('major + "." + 2 +\n      ".3"'), "1.2.3"),
        ("def v = [major: 1, minor: 2, patch: 3]\n" + config("\"${v.major}.${v.minor}.${v['patch']}\""), "1.2.3"),
        ("def parts = [1, 2, 3]\n" + config('parts.join(".")'), "1.2.3"),
        ('def name() {\n  return "1.2.3"\n}\n' + config("name()"), "1.2.3"),
        (config('project.hasProperty("x") ? "4.5.6" : "1.2.3"') + config('"1.2.3"'), "1.2.3"),
        (config('findProperty("nothing") ?: "1.2.3"'), "1.2.3"),
        (config('System.getenv("VERSION") ?: "1.2.3"'), "1.2.3"),
    ],
)
def test_groovy(android, script, version):
    """A version is found however a Groovy script writes it."""
    assert gradle_version(android(script)).value == version


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ('android {\n defaultConfig {\n  versionName = "1.2.3"\n }\n}', "1.2.3"),
        ('val appVersion = "1.2.3"\nandroid {\n defaultConfig {\n  versionName = appVersion\n }\n}', "1.2.3"),
        ('val a: String by extra("1.2.3")\nandroid { defaultConfig { versionName = a } }', "1.2.3"),
        ('extra["a"] = "1.2.3"\nandroid { defaultConfig { versionName = extra["a"] as String } }', "1.2.3"),
        ('extra.set("a", "1.2.3")\nandroid { defaultConfig { versionName = project.extra["a"].toString() } }', "1.2.3"),
        ('val a = 1\nandroid { defaultConfig { versionName = "$a.${1 + ""}.0" } }', "1.1.0"),
        ('fun name(): String = "1.2.3"\nandroid { defaultConfig { versionName = name() } }', "1.2.3"),
        ('fun name(): String {\n  return "1.2.3"\n}\nandroid { defaultConfig { versionName = name() } }', "1.2.3"),
        ('android { defaultConfig { versionName = listOf(1, 2, 3).joinToString(".") } }', "1.2.3"),
    ],
)
def test_kotlin(android, script, version):
    """A version is found however a Kotlin script writes it."""
    assert gradle_version(android(script, name="build.gradle.kts")).value == version


@pytest.mark.parametrize(
    ("value", "files"),
    [
        ("rootProject.ext.appVersion", {"android/build.gradle": 'buildscript {\n ext {\n appVersion = "1.2.3"\n }\n}'}),
        ("rootProject.appVersion", {"android/build.gradle": 'ext.appVersion = "1.2.3"'}),
        ('rootProject.extra["v"] as String', {"android/build.gradle.kts": 'extra["v"] = "1.2.3"'}),
        ("VERSION_NAME", {PROPERTIES: "# the version\nVERSION_NAME=1.2.3\n"}),
        ("project.VERSION_NAME", {PROPERTIES: "VERSION_NAME = 9.9", OWN_PROPERTIES: "VERSION_NAME : 1.2.3"}),
        ('providers.gradleProperty("app.version").get()', {PROPERTIES: "app.version=1.2.3"}),
        ('project.findProperty("v") ?: "9.9.9"', {PROPERTIES: "v=1.2.3"}),
        ("libs.versions.app.name.get()", {"android/gradle/libs.versions.toml": '[versions]\napp-name = "1.2.3"\n'}),
        ("appVersion", {"android/version.gradle": 'ext.appVersion = "1.2.3"', ROOT: 'apply from: "version.gradle"'}),
        ("packageJson.version", {"package.json": '{"version": "1.2.3"}', ROOT: SLURPER}),
    ],
)  # fmt: skip
def test_elsewhere(android, value, files):
    """A version is followed into the root project, applied scripts, properties, the catalog and package.json."""
    assert gradle_version(android(config(value), files)).value == "1.2.3"


FLAVOURED = """
    android {
        defaultConfig { versionName "1.0.0" }
        flavorDimensions "tier"
        productFlavors {
            free { dimension "tier" }
            paid { dimension "tier"; versionName "2.0.0"; versionNameSuffix "-paid" }
        }
        buildTypes {
            debug { versionNameSuffix "-debug" }
            release { versionNameSuffix ".1" }
        }
    }
"""


def test_flavours(android):
    """A flavour's own version goes before the default one, and suffixes of the flavour and of releases follow."""
    script = android(FLAVOURED)
    assert gradle_version(script, ["paid"]).value == "2.0.0-paid.1"
    with pytest.raises(ProjectError, match=r'no product flavour "gold". It has free, paid'):
        gradle_version(script, ["gold"])


def test_flavours_that_nobody_chose(android):
    """Without a choice the default version counts, and the person is told which flavours have others."""
    told = gradle_version(android(FLAVOURED.replace('versionNameSuffix ".1"', "")))
    assert (told.value, len(told.notes)) == ("1.0.0", 1)
    assert "paid" in told.notes[0]


def test_flavours_without_default(android):
    """Where only flavours have versions, the error names them."""
    script = android('android { productFlavors { create("free") { versionName "1" }; create("paid") { } } }')
    with pytest.raises(ProjectError, match="--gradle-flavor: free, paid"):
        gradle_version(script)
    assert gradle_version(script, ["free"]).value == "1"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("android { }", "sets no versionName in android.defaultConfig"),
        (config("computeIt(1)"), "computeIt\\(1\\), which only Gradle can work out"),
        (config("missing"), "missing, which only Gradle.*app/gradle.properties"),
        (config('"one"'), 'version "one" in .* cannot be used'),
        (config("a") + 'def a = "1"\nif (x) {\n a = "2"\n}\n', "only Gradle"),
        (config("a") + "def a = b\ndef b = a\n", "only Gradle"),
        ('android { defaultConfig { if (x) { versionName "1" } } }', "sets no versionName"),
        (config('"${a}"') + "}}}} ((((", "only Gradle"),
    ],
)
def test_what_cannot_be_told(android, script, said):
    """What only Gradle can work out is said to be so, with the option that helps."""
    with pytest.raises(ProjectError, match=said) as raised:
        gradle_version(android(script))
    assert "--target-binary-version" in raised.value.message


def test_no_script(tmp_path, monkeypatch):
    """Where there is no script, the error names the places looked at and the option to use."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError) as raised:
        find_gradle_script(tmp_path)
    assert '"android/app/build.gradle" nor "android/app/build.gradle.kts"' in raised.value.message
    assert "--gradle-file" in raised.value.message
