"""The one JSON document: any text of others in it, and nothing that a terminal obeys."""

from __future__ import annotations

import json

import pytest

from tui.cli.output import print_json


@pytest.mark.parametrize(
    "text", ["\x1b[31m", "\x9b31m", "\x7f", "a\u202eb", "\u200b", "\ud800", "\U000e0001", "\u2028"]
)
def test_what_a_terminal_obeys_or_cannot_print_is_escaped(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    print_json({"said": f"é{text}é"})
    printed = capsys.readouterr().out.rstrip("\n")
    assert printed.isprintable()
    assert "é" in printed
    assert json.loads(printed) == {"said": f"é{text}é"}
