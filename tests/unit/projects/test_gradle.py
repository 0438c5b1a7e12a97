"""Reading Gradle scripts, Groovy and Kotlin, without running Gradle."""

from textwrap import dedent

import pytest

from codepush.errors import ProjectError
from codepush.projects.gradle import find_gradle_script, gradle_version


@pytest.fixture
def android(tmp_path, monkeypatch):
    """Give a function that writes an Android project: the app's script, and other files by their path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADLE_USER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VERSION", raising=False)

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
        (config("computeIt(1)"), r'build.gradle", line 4: computeIt\(1\): only Gradle'),
        (config("missing"), '"missing" is set nowhere'),
        (config('"one"'), r'version "one" in .*, line 4 .* cannot be used'),
        (config('""'), 'version "" in .* cannot be used'),
        (config('"v1.0"'), 'version "v1.0" in .* cannot be used'),
        (config('"1.2.3.456"'), r'version "1\.2\.3\.456" in .* cannot be used'),
        (config('"2.01"'), r'version "2\.01" in .* cannot be used.*leading zeros'),
        (config('"2018.10.09"'), "leading zeros"),
        (config("a") + 'def a = "1"\nif (x) {\n a = "2"\n}\n', "a condition decides"),
        (config("a") + 'if (x) {\n ext.a = "2"\n}\n', "a condition decides"),
        (config("a") + "def a = b\ndef b = a\n", "refers to itself"),
        ('android { defaultConfig { if (x) { versionName "1" } } }', "a condition decides"),
        ('android { defaultConfig { versionName "1"; if (x) { versionName "2" } } }', "a condition decides"),
        ('android { defaultConfig { versionName "1"\nif (x) versionName "2" } }', "a condition decides"),
        ('android { defaultConfig { versionName "1"\nif (x)\n versionName "2" } }', "a condition decides"),
        ('android { defaultConfig { versionName "1"; switch (x) { case "a": versionName "2" } } }', "condition"),
        (config('"${a}"') + "}}}} ((((", "line 7: its brackets do not match"),
    ],
)
def test_what_cannot_be_told(android, script, said):
    """What cannot be read or used is an error with its reason and the option to use."""
    with pytest.raises(ProjectError, match=said) as raised:
        gradle_version(android(script))
    assert "--target-binary-version" in raised.value.message


DOTENV = 'apply from: project(":react-native-config").projectDir.getPath() + "/dotenv.gradle"\n'


@pytest.mark.parametrize("name", ["build.gradle", "build.gradle.kts"])
@pytest.mark.parametrize(
    "value",
    [
        'project.env.get("APP_VERSION") ?: "1.0.0"',
        '(project.env.get("APP_VERSION") ?: "1.0.0")',
        'computed("x") ?: "1.0.0"',
        'System.getProperty("version") ?: "1.0.0"',
        'project.hasProperty("versionName") ? project.versionName : "1.0.0"',
        'if (project.hasProperty("versionName")) "2.0.0" else "1.0.0"',
        'localProperties.getProperty("version", "1.0.0")',
        'providers.exec { commandLine("git", "describe") }.orElse("1.0.0")',
        '[a: unknown()].a ?: "1.0.0"',
    ],
)
def test_unknown_before_a_default(android, value, name):
    """A value that cannot be followed is an error; the default behind it never takes its place."""
    script = DOTENV + f"android {{\n defaultConfig {{\n versionName = {value}\n }}\n}}\n"
    with pytest.raises(ProjectError, match=rf'in "android/app/{name}", line 4: .*--target-binary-version') as raised:
        gradle_version(android(script, name=name))
    assert "1.0.0 cannot be used" not in raised.value.message


@pytest.mark.parametrize(
    "script",
    [
        'def name() {\n if (x) { return "2.0.0" }\n return "1.0.0"\n}\n' + config("name()"),
        'def name() {\n if (x) return "2.0.0"\n return "1.0.0"\n}\n' + config("name()"),
        "ext.getVersion = { -> project.hasProperty('v') ? project.v : '0.0.1' }\n" + config("getVersion()"),
        "def getVersion = {\n return project.hasProperty('v') ? project.v : '0.0.1'\n}\n" + config("getVersion()"),
        'def VERSION = compute {\n "2.0.0"\n}\n' + config("VERSION"),
        'val VERSION by lazy { "2.0.0" }\n' + config("VERSION"),
        "Map<String, String> VERSION = compute()\n" + config("VERSION"),
        config('"1.0.0"') + 'android.applicationVariants.all { v -> v.mergedFlavor.versionName = "2.0.0" }',
        config('"1.0.0"') + 'androidComponents { onVariants { it.outputs.each { o -> o.versionName.set("2.0.0") } } }',
        config('"1.0.0"') + "android { buildTypes { release { initWith debug }; debug { versionNameSuffix '-d' } } }",
        config('"1.0.0"') + "android.buildTypes.all { versionNameSuffix '-x' }",
        config('"1.0.0"') + 'apply from: "$rootDir/nothing.gradle"',
        config('"1.0.0"') + 'apply from: "https://example.com/version.gradle"',
        config('"1.0.0"') + "apply from: other",
    ],
)
def test_higher_priority_that_cannot_be_followed(android, script):
    """What the build sets above the version that can be read is an error, although a lower place has an answer."""
    with pytest.raises(ProjectError, match=r"Cannot read the version in .*--target-binary-version"):
        gradle_version(android(script, {PROPERTIES: "VERSION=1.0.0\ngetVersion=1.0.0"}))


def test_arithmetic(android):
    """Numbers are added as Gradle adds them, and joined with texts."""
    assert gradle_version(android("def major = 1\n" + config('"${major + 1}.${major}.0"'))).value == "2.1.0"


@pytest.mark.parametrize("value", ["VERSION", 'findProperty("VERSION") ?: "0.1.0"', 'project.property("VERSION")'])
def test_order_of_properties(android, tmp_path, monkeypatch, value):
    """The environment goes before the user's properties, these before the app's, and these before the root's."""
    script = android(config(value), {PROPERTIES: "VERSION=1.0.0"})
    assert gradle_version(script).value == "1.0.0"
    for place, version in ((OWN_PROPERTIES, "2.0.0"), ("home/gradle.properties", "3.0.0")):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(f"VERSION={version}")
        assert gradle_version(script).value == version
    monkeypatch.setenv("ORG_GRADLE_PROJECT_VERSION", "4.0.0")
    assert gradle_version(script).value == "4.0.0"


def test_variable_before_property(android):
    """A variable of the script goes before a property of the same name."""
    script = 'def VERSION = "2.0.0"\n' + config("VERSION")
    assert gradle_version(android(script, {PROPERTIES: "VERSION=1.0.0"})).value == "2.0.0"


@pytest.mark.parametrize(
    "value",
    [
        'System.getenv("VERSION") ?: "1.0.0"',
        'System.env.VERSION ?: "1.0.0"',
        'System.getenv()["VERSION"] ?: "1.0.0"',
        'providers.environmentVariable("VERSION").getOrElse("1.0.0")',
        'providers.environmentVariable("VERSION").orElse("1.0.0").get()',
    ],
)
def test_environment(android, monkeypatch, value):
    """A variable of the environment goes before the default, which holds only where the variable is not set."""
    script = android(config(value))
    assert gradle_version(script).value == "1.0.0"
    monkeypatch.setenv("VERSION", "2.0.0")
    assert gradle_version(script).value == "2.0.0"


def test_names_of_other_scripts(android):
    """``def`` holds in its own script only, and ``rootProject`` never means the app's own variables."""
    root = 'def major = 2\next.v = "${major}.0.0"'
    script = 'def major = 1\next.v = "1.0.0"\n' + config("rootProject.ext.v")
    assert gradle_version(android(script, {ROOT: root})).value == "2.0.0"
    with pytest.raises(ProjectError, match='"hidden" is set nowhere'):
        gradle_version(android(config("hidden"), {ROOT: 'def hidden = "1.0.0"'}))


def test_several_scripts(android):
    """Where two scripts of the app set different values, neither is chosen."""
    files = {"android/version.gradle": 'ext.v = "2.0.0"\nandroid.defaultConfig.versionName = "2.0.0"'}
    applied = 'apply from: "../version.gradle"\n'
    with pytest.raises(ProjectError, match="several scripts set it"):
        gradle_version(android(applied + config('"1.0.0"'), files))
    with pytest.raises(ProjectError, match="a later value"):
        gradle_version(android('ext.v = "1.0.0"\n' + applied + config("v"), {"android/version.gradle": 'ext.v = "2"'}))


def test_catalog_that_is_changed(android):
    """A version catalog that the settings script changes is not believed."""
    settings = 'dependencyResolutionManagement { versionCatalogs { libs { version("app", "2.0.0") } } }'
    files = {"android/gradle/libs.versions.toml": '[versions]\napp = "1.0.0"', "android/settings.gradle": settings}
    with pytest.raises(ProjectError, match="changes the version catalog"):
        gradle_version(android(config("libs.versions.app.get()"), files))


PACKAGE = '{"version": "1.2.3", "number": 4, "expo": {"version": "4.5.6", "none": null}}'


@pytest.mark.parametrize(
    ("value", "version"),
    [
        ('new groovy.json.JsonSlurper().parseText(file("../../package.json").text).version', "1.2.3"),
        ('new JsonSlurper().parse(file("../../package.json")).expo.version', "4.5.6"),
        ('new JsonSlurper().parse(rootProject.file("../package.json"))["expo"]["version"]', "4.5.6"),
        ('(new JsonSlurper().parse(file("$rootDir/../package.json")) as Map).expo?.version', "4.5.6"),
        ('new JsonSlurper().parse(new File(rootDir, "../package.json")).expo.none ?: "9.0.0"', "9.0.0"),
        ("\"${new JsonSlurper().parse(file('../../package.json')).number}.0.0\"", "4.0.0"),
        ('JsonSlurper().parseText(file("../../package.json").readText()).missing?.version ?: "9.0.0"', "9.0.0"),
        ('new JsonSlurper().parse(file("../../package.json")).version.replace("1", "2")', None),
        ('new JsonSlurper().parse(file("../../package.json")).missing.version', None),
        ('new JsonSlurper().parse(file("../../nothing.json")).version ?: "9.0.0"', None),
        ('new JsonSlurper().parse(file("../../package.json")).expo', None),
    ],
)
@pytest.mark.parametrize("by_variable", [False, True])
def test_members_of_json(android, value, version, by_variable):
    """What follows a JSON file is followed to the member that is meant, or is an error."""
    script = f"def found = {value}\n" + config("found") if by_variable else config(value)
    script = android(script, {"package.json": PACKAGE})
    if version is None:
        with pytest.raises(ProjectError, match="--target-binary-version"):
            gradle_version(script)
    else:
        assert gradle_version(script).value == version


def test_json_by_variable_and_member(android):
    """A deeper object that is taken first does not lead to the file's outermost version."""
    script = 'def app = new JsonSlurper().parseText(file("../../package.json").text).expo\n' + config("app.version")
    assert gradle_version(android(script, {"package.json": PACKAGE})).value == "4.5.6"


@pytest.mark.parametrize(
    ("declaration", "name"),
    [
        ("production", "build.gradle"),
        ("production {}", "build.gradle"),
        ('"production" { }', "build.gradle"),
        ("'production'", "build.gradle"),
        ('create("production")', "build.gradle"),
        ('register("production") { }', "build.gradle"),
        ('create("production")', "build.gradle.kts"),
        ('create("production") { dimension = "tier" }', "build.gradle.kts"),
        ('register("production")', "build.gradle.kts"),
        ('maybeCreate("production")', "build.gradle.kts"),
        ("val production by creating", "build.gradle.kts"),
        ('val production by registering { dimension = "tier" }', "build.gradle.kts"),
    ],
)
def test_ways_to_declare_a_flavour(android, declaration, name):
    """A flavour is one however it is declared, with a block or without."""
    script = f"""
        android {{
          defaultConfig {{ versionName = "1.2.3" }}
          productFlavors {{
            {declaration}
            create("test") {{ versionName = "2.0.0" }}
          }}
        }}
    """
    assert gradle_version(android(script, name=name), ["production"]).value == "1.2.3"
    with pytest.raises(ProjectError, match=r"It has (production, test|test, production)\. .*--gradle-flavor"):
        gradle_version(android(script, name=name), ["gold"])


@pytest.mark.parametrize(
    "declaration",
    [
        '["gold", "paid"].each { flavor -> create(flavor) { versionName "2.0.0" } }',
        '["gold", "paid"].each { "$it" { dimension "tier" } }',
        "names.each { create(it) }",
        'gold({ versionName "2.0.0" })',
        'create("gold", { versionName "2.0.0" })',
        'all { versionName "2.0.0" }; gold { }',
        'paid { versionName "2.0.0" }; gold { initWith paid }',
        'gold { versionName "3.0.0"; if (x) { versionName "2.0.0" } }',
    ],
)
def test_flavours_that_only_gradle_knows(android, declaration):
    """A flavour whose name or settings are computed is an error, never the default configuration's version."""
    script = f'android {{\n defaultConfig {{ versionName "1.0.0" }}\n productFlavors {{\n {declaration}\n }}\n}}'
    with pytest.raises(ProjectError, match=r'Cannot read the version in "android/app/build.gradle".*\(-t\)'):
        gradle_version(android(script), ["gold"])


@pytest.mark.parametrize(
    "before",
    [
        'def quoted = { k -> "\\"${System.getenv(k) ?: ""}\\"" }\n',
        "def pattern = ~/versionName \\s+\"(.*)'/\n",
        'android { signingConfigs { release "x"; release { storeFile file("a") } } }\n',
        'def list = "${[1, 2].collect { it }.join(".")}"\n',
    ],
)
def test_what_comes_before(android, before):
    """Closures, patterns and blocks of the same name before the version do not hide it."""
    assert gradle_version(android(before + config('"1.2.3"'))).value == "1.2.3"


def test_line_ends_and_byte_order_mark(android, tmp_path):
    """Windows line ends and a byte order mark change nothing."""
    script = android(config("VERSION"), {PROPERTIES: "A=1\nVERSION=1.2.3\n"})
    for path in (script, tmp_path / PROPERTIES):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert gradle_version(script).value == "1.2.3"


def test_odd_folder_names(tmp_path, monkeypatch):
    """A folder with blanks, brackets, ``$`` and letters beyond ASCII is read like any other."""
    folder = tmp_path / "a (b) [c] $d ü Ж"
    (folder / "android/app").mkdir(parents=True)
    monkeypatch.chdir(folder)
    (folder / "android/app/build.gradle").write_text('apply from: "../v.gradle"\n' + config("v"), encoding="utf-8")
    (folder / "android/v.gradle").write_text('ext.v = "1.2.3"', encoding="utf-8")
    assert gradle_version(find_gradle_script(folder)).value == "1.2.3"


def test_no_script(tmp_path, monkeypatch):
    """Where there is no script, the error names the places looked at and the option to use."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProjectError) as raised:
        find_gradle_script(tmp_path)
    assert '"android/app/build.gradle" nor "android/app/build.gradle.kts"' in raised.value.message
    assert "--gradle-file" in raised.value.message
