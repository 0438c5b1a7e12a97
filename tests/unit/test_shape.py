"""The figures that ``tools/shape.py`` prints."""

import json
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "shape.py"

MODULES = {
    "__init__.py": '"""A package."""\n',
    "errors.py": "class Failure(Exception):\n    pass\n",
    "first.py": (
        "from typing import TYPE_CHECKING\n"
        "from . import errors\n"
        "from .inner import second\n"
        "if TYPE_CHECKING:\n"
        "    from made_up.inner.third import Third\n"
        "def wide(a: int, b: int, c: int, d: int, e: int, f: int, *, g: int) -> int:\n"
        '    """Add."""\n'
        "    total = a + b\n"
        "    return total\n"
    ),
    "inner/__init__.py": "",
    "inner/second.py": "import made_up.first\ndef bare(a):\n    import made_up.inner.third\n",
    "inner/third.py": (
        "from made_up.first import wide\n"
        "class Third:\n"
        "    def __init__(self, one: int, two: int) -> None:\n"
        "        self.sum = one + two\n"
    ),
}


def test_figures_describe_a_package(tmp_path):
    """Sizes, parameters and imports are counted; imports for types and inside functions make no cycle."""
    package = tmp_path / "made_up"
    for name, source in MODULES.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(source)

    printed = subprocess.run([sys.executable, TOOL, package, "--json"], capture_output=True, text=True, check=True)
    found = json.loads(printed.stdout)

    assert found["modules"] == 6
    assert found["lines"] == 19
    assert found["module_lines"]["longest"]["made_up.first"] == 9
    assert found["functions"] == 3
    assert found["function_lines"] == {
        "median": 1,
        "90th_percentile": 2,
        "longest": {"made_up.first.wide": 2, "made_up.inner.second.bare": 1, "made_up.inner.third.Third.__init__": 1},
    }
    assert found["functions_with_7_or_more_parameters"] == 1
    assert found["constructor_parameters"] == {"made_up.inner.third.Third.__init__": 3}
    assert found["fan_out"]["made_up.first"] == 2
    assert found["import_cycles"] == [["made_up.first", "made_up.inner.second"]]
    assert found["import_cycles_with_types"] == [["made_up.first", "made_up.inner.second", "made_up.inner.third"]]
    assert found["annotated_percent"] == 66.7
