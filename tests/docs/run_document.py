"""Runs the Python of a document, as its reader would: `python run_document.py PAGE.md`.

The blocks run in order in one module, and may `await`. A statement may end in a promise:

    1 + 1  # -> 2
    1 / 0  # raises ZeroDivisionError
"""

from __future__ import annotations

import ast
import asyncio
import gc
import inspect
import io
import re
import sys
import tokenize
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMISE = re.compile(r"#\s*(->|raises)\s+(.+)")


class BrokenPromiseError(AssertionError):
    """The code does something else than its comment says."""


def blocks(page: str) -> Iterator[str]:
    """Give the Python of a page, each block at the lines at which it stands."""
    for found in FENCE.finditer(page):
        yield "\n" * page.count("\n", 0, found.start(1)) + found[1]


def promises(source: str) -> dict[int, tuple[str, str]]:
    """Give what the comments of a block promise, by line."""
    told: dict[int, tuple[str, str]] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and (found := PROMISE.fullmatch(token.string)):
            told[token.start[0]] = found[1], found[2].strip()
    return told


class Promising(ast.NodeTransformer):
    """Puts a check around each statement that ends in a promise."""

    def __init__(self, told: dict[int, tuple[str, str]]) -> None:
        self.left = told

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.Expr | ast.Assign) and node.end_lineno in self.left:
            kind, text = self.left.pop(node.end_lineno)
            made = _raising(node, text) if kind == "raises" else _compared(node, text)
            return ast.fix_missing_locations(ast.copy_location(made, node))
        return super().generic_visit(node)


def _raising(node: ast.stmt, name: str) -> ast.stmt:
    check = ast.Call(ast.Name("_raising_", ast.Load()), [ast.Constant(name)], [])
    return ast.With([ast.withitem(check)], [node])


def _compared(node: ast.Expr | ast.Assign, text: str) -> ast.stmt:
    if isinstance(node, ast.Assign):
        raise BrokenPromiseError(f"line {node.lineno}: only an expression has a value")
    arguments: list[ast.expr] = [node.value, ast.Constant(text), ast.Constant(node.lineno)]
    return ast.Expr(ast.Call(ast.Name("_compare_", ast.Load()), arguments, []))


def compare(value: object, promised: str, line: int) -> None:
    """Check a value against its repr, or its text, as promised; `...` stands for anything."""
    pattern = ".*".join(map(re.escape, promised.split("...")))
    if not any(re.fullmatch(pattern, shown, re.DOTALL) for shown in (repr(value), str(value))):
        raise BrokenPromiseError(f"line {line}: promised {promised}, got {value!r}")


class Raising(AbstractContextManager["Raising"]):
    """Checks that an error of this name is raised."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if kind is None or self.name not in {base.__name__ for base in kind.__mro__}:
            raise BrokenPromiseError(f"promised {self.name}, got {error!r}") from error
        return True


def compiled(source: str, path: Path) -> CodeType:
    """Compile a block with its promises; raises `BrokenPromiseError` for one without statement."""
    promising = Promising(promises(source))
    tree = promising.visit(ast.parse(source))
    if promising.left:
        raise BrokenPromiseError(f"promises at no statement's end: lines {[*promising.left]}")
    code: CodeType = compile(tree, str(path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return code


def run(path: Path) -> int:
    """Run the blocks of a page; gives their number."""
    # A page may have the name of a library.
    module = ModuleType(f"page_{path.stem}")
    sys.modules[module.__name__] = module
    module.__dict__.update(_compare_=compare, _raising_=Raising)
    count = 0
    with asyncio.Runner() as runner:
        for source in blocks(path.read_text(encoding="utf-8")):
            code = compiled(source, path)
            if code.co_flags & inspect.CO_COROUTINE:
                runner.run(eval(code, module.__dict__))
            else:
                exec(code, module.__dict__)
            count += 1
    return count


def main() -> int:
    # What is said while an object is thrown away would otherwise only be printed.
    unraisable: list[object] = []
    sys.unraisablehook = lambda found: unraisable.append(found.exc_value)
    try:
        count = run(Path(sys.argv[1]))
    except Exception:  # noqa: BLE001 - whatever the page does
        traceback.print_exc()
        return 1
    gc.collect()
    for error in unraisable:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    sys.stdout.write(f"{count} blocks\n")
    return 1 if unraisable else 0


if __name__ == "__main__":
    sys.exit(main())
