"""The table of docs/troubleshooting.md on files, made from the scanner's own codes.

`python -m transfer.scan.doc docs/troubleshooting.md` writes it anew.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from transfer.scan.reasons import codes, explain

_BEGIN: Final = "<!-- begin: files -->"
_END: Final = "<!-- end: files -->"
_PLACE: Final = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)


def table() -> str:
    """All codes, in Markdown."""
    rows = [
        f"| `{code}` | {'stays here' if stays else 'remark'} | {explain(code)} |"
        for code, stays in codes()
    ]
    return "\n".join(["| Code | The file | What it is, and what to do |", "|---" * 3 + "|", *rows])


def with_table(text: str) -> str:
    """The document with its table as the codes are now."""
    return _PLACE.sub(lambda _: f"{_BEGIN}\n{table()}\n{_END}", text)


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(with_table(document.read_text(encoding="utf-8")), encoding="utf-8")
