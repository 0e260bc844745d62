"""The table of docs/checks.md, made from the registry of rules.

`python -m transfer.quality.doc docs/checks.md` writes it anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from transfer.quality.rule import DeepRule, Rule
from transfer.quality.rules import RULES

_BEGIN: Final = "<!-- begin: rules -->"
_END: Final = "<!-- end: rules -->"
_HEAD: Final = "| Rule | What it is about | Severity | What to do | Word of a person |"
_PLACE: Final = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)


def table() -> str:
    """All rules by subject and number, in Markdown."""
    rows = [_row(rule) for rule in sorted(RULES, key=lambda rule: rule.id)]
    return "\n".join([_HEAD, "|---" * 5 + "|", *rows])


def with_table(text: str) -> str:
    """The document with its table as the rules are now."""
    return _PLACE.sub(lambda _: f"{_BEGIN}\n{table()}\n{_END}", text)


def _row(rule: Rule) -> str:
    severities = ", ".join(severity.value for severity in rule.severities)
    title = f"{rule.title} (looked for by `check --pixels` alone)" if _is_deep(rule) else rule.title
    cells = (rule.id, title, severities, rule.remedy, "; ".join(_words(rule)))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _is_deep(rule: Rule) -> bool:
    return isinstance(rule, DeepRule)


def _words(rule: Rule) -> Iterator[str]:
    if rule.is_waivable:
        yield "waived, with a reason"
    for choice in rule.choices:
        yield f"`{choice.word}`: {choice.text}"
    if rule.accepts is not None:
        yield f"in own words: {rule.asks_for}"


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(with_table(document.read_text(encoding="utf-8")), encoding="utf-8")
