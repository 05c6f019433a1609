#!/usr/bin/env python3
"""What import-linter cannot see: folders without `__init__`, and circles between single modules.

usage: floors.py    in the project's root; prints one line per finding and exits 1 if there is any

import-linter skips folders that are no packages, such as Datasette's plugins, and it looks for circles between
packages on the same level, not between a package's `__init__` and what is inside it. The floors themselves
are contracts in pyproject.toml.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

FLOORS = ("archive", "pipelines", "crawler", "spiders")
"""The packages, lowest first."""


class Import(NamedTuple):
    """One import of one of our modules by another."""

    path: Path
    line: int
    imported: str


def modules(root: Path) -> dict[str, Path]:
    """Every Python file of the packages by its dotted name; a package by the name of its folder."""
    found = {}
    for floor in FLOORS:
        for path in sorted((root / floor).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[Import]:
    """Imports anywhere in a file: in functions and under `if TYPE_CHECKING` too."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for imported in names:
            if nearest := _nearest(imported, known):
                yield Import(path, node.lineno, nearest)


def _base(node: ast.ImportFrom, package: str) -> str:
    """The absolute name of what a `from … import` names before `import`."""
    if not node.level:
        return node.module or ""
    above = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*above, node.module] if node.module else above)


def _nearest(name: str, known: Mapping[str, Path]) -> str | None:
    """The module that a dotted name is, or is defined in; None for other people's."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


def is_packaged(path: Path, root: Path) -> bool:
    """Whether every folder from the top-level package down to a file has an `__init__`."""
    folders = path.relative_to(root).parents
    return all((root / folder / "__init__.py").exists() for folder in folders if folder != Path())


def upward(found: Import, root: Path) -> str | None:
    """What is wrong with an import by a file that is in no package; None if nothing is."""
    own, other = found.path.relative_to(root).parts[0], found.imported.partition(".")[0]
    if FLOORS.index(other) > FLOORS.index(own) or found.imported.startswith("crawler.commands"):
        return f"{found.path.relative_to(root)}:{found.line}: {own} must not import {found.imported}"
    return None


def circles(graph: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """One circle of each group of modules that import one another, beginning and ending with the same module."""
    left = dict(graph)
    while left:
        leaves = {name for name, imported in left.items() if not imported & left.keys()}
        if leaves:
            left = {name: imported for name, imported in left.items() if name not in leaves}
            continue
        walked = [min(left)]
        while (following := min(left[walked[-1]] & left.keys())) not in walked:
            walked.append(following)
        circle = walked[walked.index(following) :]
        yield [*circle, following]
        left = {name: imported for name, imported in left.items() if name not in circle}


def findings(root: Path) -> Iterator[str]:
    """One line for each thing that is wrong in a tree."""
    known = modules(root)
    graph: dict[str, set[str]] = {}
    for name, path in known.items():
        found = list(imports(name, path, known))
        graph[name] = {each.imported for each in found} - {name}
        if not is_packaged(path, root):
            yield from filter(None, (upward(each, root) for each in found))
    for circle in circles(graph):
        yield f"circle of modules: {' -> '.join(circle)}"


def main() -> int:
    """Exit code 1 if anything is found."""
    found = list(findings(Path.cwd()))
    print("\n".join(found) or "No upward import outside the packages, no circle of modules.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
