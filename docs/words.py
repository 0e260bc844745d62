"""The page of all words on the screens and of the commands, read out of the program's source.

An editor reads them in a row, file by file, and finds each where it stands. Refusals have a page of
their own (`refusals`). What is filled in at the time stands as `…`. Nothing is imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_ROOM: Final = "tui"
_HEAD: Final = """# What the screens and the commands say

All texts in a row, for whoever edits them: each with its file and line in the source. `…` is what
is filled in at the time. What refusals say has [a page of its own](refusals.md).
"""
# Styles of Textual, queries of it, patterns and formats have blanks in them as well.
_NO_WORDS: Final = re.compile(
    r"(?s)^\s*(bold|reverse|dim)\b|\$[a-z]+\s*$|^[#.][\w-]+ |[{};]\n|\(\?[:<P]|^%|\[[0-9A-Z]{1}-"
)


class Text(NamedTuple):
    """One text as it stands in a file."""

    line: int
    words: str


def texts(path: Path) -> list[Text]:
    """What a module shows, from its first line to its last."""
    tree = ast.parse(path.read_text("utf-8"))
    notes = set(_notes(tree))
    parts = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in notes or id(node) in parts:
            continue
        words = _words(node)
        if words is not None and _is_told(words):
            found.append(Text(node.lineno, words))  # type: ignore[attr-defined]
        elif (label := _label(node)) and " " not in label:
            found.append(Text(node.lineno, label))  # type: ignore[attr-defined]
    return sorted(found)


def page(root: Path) -> str:
    """The page, in Markdown."""
    parts = [_HEAD]
    for path in sorted((root / _ROOM).rglob("*.py")):
        if found := texts(path):
            parts += ["", f"## {path.relative_to(root).as_posix()}", ""]
            parts += [f"- {text.line}: {_plain(text.words)}" for text in found]
    return "\n".join(parts) + "\n"


def _notes(tree: ast.Module) -> Iterator[int]:
    """Docstrings, and those of attributes: for who reads the source."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for inner in body if isinstance(body, list) else ():
            if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant):
                yield id(inner.value)


def _words(node: ast.AST) -> str | None:
    if isinstance(node, ast.JoinedStr):
        parts = node.values
        return "".join(p.value if isinstance(p, ast.Constant) else "…" for p in parts)  # type: ignore[misc]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def _label(node: ast.AST) -> str | None:
    """What stands beside a key: `Binding(key, action, label, …)`."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "Binding" and len(node.args) > 2:
        return _words(node.args[2])
    return None


def _is_told(words: str) -> bool:
    """More than one word, and none of what only the program reads."""
    bare = words.replace("…", "").strip()
    has_words = " " in words.strip() and any(letter.isalpha() for letter in bare)
    return has_words and not _NO_WORDS.search(words)


def _plain(words: str) -> str:
    """As text of Markdown: nothing in it is markup."""
    flat = " ".join(words.split())
    return re.sub(r"([\\`*_\[\]<>|&#])", r"\\\1", flat)
