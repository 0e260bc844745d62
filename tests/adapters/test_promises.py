"""What an error of a node promises is true where it is read: when the run that met it has ended."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import adapters

_FOLDER = Path(adapters.__file__).parent
_PROMISE = re.compile(r"\b[Ii]t is (tried|sent|looked (at|for)) again\b|\bNothing to do: it\b")
# The run itself halves what is too large, and says so of single instances in other words.
_KEPT = {"It is sent again in smaller requests; if a single instance is too large, ask the node's"}


def _texts() -> Iterator[tuple[str, str]]:
    """Every text of the adapters but for those of docstrings, with the file it stands in."""
    for path in sorted(_FOLDER.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        statements = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and id(node) not in statements:
                yield path.name, str(node.value)  # type: ignore[attr-defined]


def test_no_text_says_that_something_happens_by_itself_once_the_run_has_ended() -> None:
    """While a run goes on, it shows what happened and not what to do; that is read at its end, and
    then nobody tries again but the operator."""
    texts = list(_texts())
    assert len(texts) > 1000
    promising = [
        (name, text)
        for name, text in texts
        if _PROMISE.search(text) and not any(text.startswith(kept) for kept in _KEPT)
    ]
    assert promising == []
