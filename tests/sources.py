"""The source of Rekan as trees, read once for all tests that look into it."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent


@cache
def nodes() -> dict[str, tuple[ast.AST, ...]]:
    """Every node of every module, by the file's path below the project's folder."""
    return {
        file.relative_to(ROOT).as_posix(): tuple(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        for file in sorted((ROOT / "bot").rglob("*.py"))
    }
