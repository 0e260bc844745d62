"""The page of all refusals, read out of the program's source: what is printed, and what to do.

Every refusal is made as `Class(what, remedy)`; both are texts written for an operator. What is put
into them at the time stands as `…`. Nothing is imported: the site is built without the program.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_ROOMS = ("transfer", "adapters", "tui")
# The stand-in's own faults, and what it says to whom starts it wrongly.
_NOT_OURS = ("adapters", "sandbox")
# What each kind means, the class's exit code, and where its two texts stand among the arguments.
_KINDS: Mapping[str, tuple[str, int]] = {
    "UsageError": ("2", 0),
    "LedgerDamaged": ("2", 0),
    "StepBlocked": ("3", 0),
    "SourceChanged": ("4", 0),
    "StudyRefused": ("4", 0),
    "ClinicalRefused": ("4", 0),
    "DatasetRefused": ("4", 0),
    "DatasetGone": ("4", 0),
    "SignInRefused": ("5", 0),
    "SignInExpired": ("5", 0),
    "NotAllowed": ("5", 0),
    "TlsRefused": ("6", 1),
    "Unreachable": ("6", 0),
    "ProxyRefused": ("6", 1),
    "NodeBusy": ("6", 0),
    "NodeFault": ("6", 0),
    "BodyTooLarge": ("6", 0),
    "NotSupported": ("6", 0),
    "RunnerHeld": ("7", 0),
    "EpochLost": ("7", 0),
}
_TITLES = {
    "2": "Exit code 2: the command, the configuration or a folder",
    "3": "Exit code 3: the step is blocked",
    "4": "Exit code 4: something did not arrive, or was not taken",
    "5": "Exit code 5: sign-in and rights",
    "6": "Exit code 6: the network, TLS, or the node's own trouble",
    "7": "Exit code 7: another runner",
}
_HEAD = """# What refusals say, and what to do

Every refusal prints one line that says what is wrong and one that says what to do. Here they stand
together, to be searched: `…` is what was filled in at the time.
[Troubleshooting](troubleshooting.md) goes by symptom and code.
"""


class Refusal(NamedTuple):
    """One refusal in an operator's words; `code` is the exit code."""

    code: str
    what: str
    remedy: str


def refusals(root: Path) -> list[Refusal]:
    """All that can be read out of the source below `root`, each once, by exit code and text.

    Those whose words are put together elsewhere at run time cannot be read here, and are not told.
    """
    found = set()
    for room in _ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            if path.relative_to(root).parts[:2] != _NOT_OURS:
                found.update(_of_module(ast.parse(path.read_text("utf-8"))))
    return sorted(found, key=lambda one: (one.code, one.what.lower().lstrip("… "), one.remedy))


def page(root: Path) -> str:
    """The page, in Markdown."""
    parts = [_HEAD]
    known = refusals(root)
    for code, title in _TITLES.items():
        rows = [f"| {_cell(one.what)} | {_cell(one.remedy)} |" for one in known if one.code == code]
        parts += ["", f"## {title}", "", "| What is printed | What to do |", "|---|---|", *rows]
    return "\n".join(parts) + "\n"


def _of_module(tree: ast.Module) -> Iterator[Refusal]:
    texts = {target.id: node.value for node in tree.body for target, node in _assigned(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from _told(node, _KINDS.get(node.func.id), texts)
        elif isinstance(node, ast.ClassDef) and node.bases and isinstance(node.bases[0], ast.Name):
            # One with words of its own: `super().__init__(what, remedy)`.
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and ast.unparse(inner.func) == "super().__init__":
                    yield from _told(inner, _KINDS.get(node.bases[0].id), texts)


def _told(
    call: ast.Call, kind: tuple[str, int] | None, texts: Mapping[str, ast.expr | None]
) -> Iterator[Refusal]:
    if kind is None:
        return
    code, first = kind
    told = call.args[first : first + 2]
    if len(told) == 2 and (what := _text(told[0], texts)).strip("… .:"):
        yield Refusal(code, what, _text(told[1], texts) or "…")


def _assigned(node: ast.stmt) -> Iterator[tuple[ast.Name, ast.Assign | ast.AnnAssign]]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        yield node.targets[0], node
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        yield node.target, node


def _text(node: ast.expr | None, texts: Mapping[str, ast.expr | None]) -> str:
    """The text of an expression; what only the run knows is `…`."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else "…"
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, texts) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, texts) if isinstance(node.value, ast.Name) else "…"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left, texts) + _text(node.right, texts)
    if isinstance(node, ast.Name) and node.id in texts:
        return _text(texts[node.id], {})
    return "…"


def _cell(text: str) -> str:
    """A text in a table of Markdown: nothing in it is markup."""
    flat = " ".join(text.split())
    for mark in ("&", "\\", "`", "*", "_", "[", "]", "<", "|"):
        flat = flat.replace(mark, {"<": "&lt;", "&": "&amp;"}.get(mark, f"\\{mark}"))
    return flat
