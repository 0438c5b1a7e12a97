"""Print the figures that describe the shape of a package: its modules, functions and imports.

    python tools/shape.py [PATH] [--json]     PATH: a package's folder, by default src/codepush

The figures inform a review and gate nothing. Imports below ``if TYPE_CHECKING:`` are left out of the fan-out and of
the cycles, because they never run; cycles that exist only with them are counted separately.
"""

from __future__ import annotations

import argparse
import ast
import json
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

DEFAULT: Final = Path("src/codepush")
MANY_PARAMETERS: Final = 7
LISTED: Final = 5

Function = ast.FunctionDef | ast.AsyncFunctionDef
Graph = dict[str, set[str]]


@dataclass(frozen=True)
class Module:
    """A source file, parsed.

    Attributes:
        name: Dotted name; that of the package for an ``__init__.py``.
        package: Dotted name of the package that relative imports start from.
        lines: Number of lines in the file.
        tree: Its syntax tree.
    """

    name: str
    package: str
    lines: int
    tree: ast.Module


@dataclass(frozen=True)
class Measured:
    """A function and its figures.

    Attributes:
        name: Dotted name, with its module.
        lines: Number of lines of the body, without the docstring.
        parameters: Number of parameters, with ``self`` and ``cls``.
        is_annotated: Whether the result and every parameter but ``self`` and ``cls`` have an annotation.
    """

    name: str
    lines: int
    parameters: int
    is_annotated: bool


def read(root: Path) -> list[Module]:
    """Return every module below the folder of a package, sorted by name."""
    return [_module(file, root) for file in sorted(root.rglob("*.py"))]


def _module(file: Path, root: Path) -> Module:
    source = file.read_text("utf-8")
    parts = [root.name, *file.relative_to(root).with_suffix("").parts]
    package = ".".join(parts[:-1])
    name = package if parts[-1] == "__init__" else ".".join(parts)
    return Module(name, package, len(source.splitlines()), ast.parse(source, str(file)))


def functions(module: Module) -> Iterator[Measured]:
    """Yield every function, method and nested function of a module."""
    yield from _functions(module.tree, module.name, in_class=False)


def _functions(node: ast.AST, name: str, *, in_class: bool) -> Iterator[Measured]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            inner = f"{name}.{child.name}"
            yield _measured(child, inner, is_method=in_class)
            yield from _functions(child, inner, in_class=False)
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{name}.{child.name}", in_class=True)
        else:
            yield from _functions(child, name, in_class=in_class)


def _measured(function: Function, name: str, *, is_method: bool) -> Measured:
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    arguments = [*positional, *given.kwonlyargs, *(one for one in (given.vararg, given.kwarg) if one is not None)]
    bound = is_method and not any(ast.unparse(one) == "staticmethod" for one in function.decorator_list)
    annotations = [function.returns, *(argument.annotation for argument in arguments[bound:])]
    return Measured(name, _body_lines(function), len(arguments), None not in annotations)


def _body_lines(function: Function) -> int:
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def imports(modules: Sequence[Module], *, for_types: bool) -> Graph:
    """Return which modules of the package each module imports.

    Args:
        modules: All modules of the package.
        for_types: Whether imports below ``if TYPE_CHECKING:`` count.
    """
    known = {module.name for module in modules}
    graph: Graph = {}
    for module in modules:
        statements = _statements(module.tree, for_types=for_types)
        targets = {target for statement in statements for target in _targets(statement, module, known)}
        graph[module.name] = targets - {module.name}
    return graph


def _statements(node: ast.AST, *, for_types: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run when a module is imported; those inside functions run later."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING") and not for_types:
            for other in child.orelse:
                yield from _statements(other, for_types=for_types)
        elif not isinstance(child, Function):
            yield from _statements(child, for_types=for_types)


def _targets(statement: ast.Import | ast.ImportFrom, module: Module, known: set[str]) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names if alias.name in known)
        return
    above = module.package.split(".")[: len(module.package.split(".")) - statement.level + 1]
    base = ".".join([*(above if statement.level else []), *([statement.module] if statement.module else [])])
    for alias in statement.names:
        name = f"{base}.{alias.name}"
        if name in known:
            yield name
        elif base in known:
            yield base


def cycles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the groups of two or more modules that import each other, directly or not."""
    reachable = {name: _reachable(graph, name) for name in graph}
    groups = {
        tuple(sorted(other for other in reachable[name] if name in reachable[other]))
        for name in graph
        if name in reachable[name]
    }
    return [list(group) for group in sorted(groups)]


def _reachable(graph: Mapping[str, Iterable[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(graph[name])
    return found


def figures(root: Path) -> dict[str, object]:
    """Return all figures of a package, ready for JSON."""
    modules = read(root)
    measured = [function for module in modules for function in functions(module)]
    constructors = [one for one in measured if one.name.endswith(".__init__")]
    running, all_imports = imports(modules, for_types=False), imports(modules, for_types=True)
    return {
        "modules": len(modules),
        "lines": sum(module.lines for module in modules),
        "module_lines": _spread([(module.lines, module.name) for module in modules]),
        "functions": len(measured),
        "function_lines": _spread([(one.lines, one.name) for one in measured]),
        "functions_with_7_or_more_parameters": sum(one.parameters >= MANY_PARAMETERS for one in measured),
        "constructor_parameters": _widest([(one.parameters, one.name) for one in constructors]),
        "fan_out": _widest([(len(targets), name) for name, targets in running.items()]),
        "import_cycles": cycles(running),
        "import_cycles_with_types": cycles(all_imports),
        "annotated_percent": round(100 * sum(one.is_annotated for one in measured) / max(1, len(measured)), 1),
    }


def _spread(values: list[tuple[int, str]]) -> dict[str, object]:
    sizes = sorted(size for size, _ in values) or [0]
    return {
        "median": statistics.median(sizes),
        "90th_percentile": sizes[min(len(sizes) - 1, len(sizes) * 9 // 10)],
        "longest": _widest(values),
    }


def _widest(values: list[tuple[int, str]]) -> dict[str, int]:
    return {name: size for size, name in sorted(values, key=lambda one: (-one[0], one[1]))[:LISTED]}


def lines(values: Mapping[str, object], indent: str = "") -> Iterator[str]:
    """Yield figures as indented, readable lines."""
    for name, value in values.items():
        label = f"{indent}{name.replace('_', ' ') if not indent or '.' not in name else name}"
        if isinstance(value, dict):
            yield label
            yield from lines(value, indent + "  ")
        elif isinstance(value, list):
            yield f"{label:<80} {len(value):>8}"
            yield from (f"  {' '.join(group)}" for group in value)
        else:
            yield f"{label:<80} {value:>8}"


def main() -> int:
    """Print the figures of one package."""
    parser = argparse.ArgumentParser(description="Print the figures that describe the shape of a package.")
    parser.add_argument("path", nargs="?", type=Path, default=DEFAULT, metavar="PATH")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if not given.path.is_dir():
        parser.error(f"{given.path} is not a folder.")
    found = figures(given.path.resolve())
    print(json.dumps(found, indent=2) if given.json else "\n".join(lines(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
