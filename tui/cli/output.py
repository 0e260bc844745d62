"""What commands print: one JSON document or plain lines on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from unicodedata import category

from transfer.errors import TransferError
from tui.text import FORBIDDEN, plain


def print_json(document: Mapping[str, Any]) -> None:
    """The one JSON document of a command."""
    print(
        harmless_json(json.dumps(document, ensure_ascii=False, separators=(", ", ": "))), flush=True
    )


def harmless_json(text: str) -> str:
    """The same document; what moves a terminal's cursor, turns the order of reading or cannot be
    printed at all (a lone surrogate) stands as JSON's own escape."""
    if text.isprintable():
        return text
    return "".join(json.dumps(c)[1:-1] if category(c) in FORBIDDEN else c for c in text)


def say(line: str) -> None:
    """A line of the answer, on stdout. Text from files is made harmless here."""
    print(plain(line), flush=True)


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Around the answer of a command whose exit code says more: a reader that has gone ends the
    answer, not the command."""
    try:
        yield
    except BrokenPipeError:
        give_up_stdout()


def give_up_stdout() -> None:
    """Nobody reads stdout any more: what is still buffered goes nowhere.

    Else the interpreter tries once more as it shuts down, complains, and exits with 120.
    """
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, sys.stdout.fileno())
        finally:
            os.close(nowhere)


def tell(line: str) -> None:
    """Progress or a message, on stderr."""
    try:
        print(plain(line), file=sys.stderr, flush=True)
    except OSError:
        # The terminal is gone; what counts stands in the ledger.
        return


def refuse(error: TransferError, transfer: str | None = None) -> int:
    """Two lines for every refusal: what is wrong, and what to do. Returns the exit code.

    Remedies say NAME for the transfer at hand; where it is known its name stands there.
    """
    tell(f"eucaim-transfer: {error.what}")
    tell(f"  what to do: {error.remedy.replace('NAME', transfer or 'NAME')}")
    return error.exit_code


def columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Rows as aligned columns, two blanks apart."""
    table = list(rows)
    if not table:
        return []
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in table]
