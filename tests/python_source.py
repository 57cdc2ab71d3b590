"""What the architecture tests ask of a Python file: its imports, its functions, its calls."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file of the repository, parsed."""

    path: Path

    @property
    def name(self) -> str:
        """Its path from the root, as people say it."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> str:
        """Its dotted name."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def text(self) -> str:
        """What the file says."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, filename=self.name)

    def within(self, *modules: str) -> bool:
        """Whether this is one of these modules or lies in one of these packages."""
        return any(_is_within(self.module, module) for module in modules)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the parsed file."""
        return list(ast.walk(self.tree))

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of each module imported, also those for types only."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node.lineno, alias.name
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                for alias in node.names:
                    yield node.lineno, f"{node.module}.{alias.name}"
            elif isinstance(node, ast.ImportFrom):
                yield node.lineno, "." * node.level + (node.module or "")

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        for node in self.nodes:
            if isinstance(node, Function):
                yield node

    def imports_any(self, *modules: str) -> list[str]:
        """`path:line imports name` for each import of one of these modules."""
        return [
            f"{self.name}:{line} imports {name}"
            for line, name in self.imports()
            if any(_is_within(name, module) for module in modules)
        ]


def sources(*folders: str) -> list[Source]:
    """The Python files under these folders of the root, sorted."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [source(path) for path in sorted(found) if "node_modules" not in path.parts]


@functools.cache
def source(path: Path) -> Source:
    """That file, read and parsed once until `source.cache_clear()`."""
    return Source(path)


def _is_within(name: str, module: str) -> bool:
    return name == module or name.startswith(module + ".")
