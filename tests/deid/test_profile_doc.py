"""The document for the data protection officer says what the profiles say."""

from __future__ import annotations

import re
from pathlib import Path

from transfer.deid.profiles import diff, load_profile
from transfer.deid.profiles.doc import with_tables

DOCUMENT = Path(__file__).parents[2] / "docs" / "deidentification.md"


def test_the_document_is_current() -> None:
    """`python -m transfer.deid.profiles.doc docs/deidentification.md` brings it up to date."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_tables(text) == text


def test_every_difference_from_lethe_is_listed() -> None:
    """By name, or by the class of its group where that is what changed."""
    text = DOCUMENT.read_text(encoding="utf-8")
    found = diff(load_profile("lethe"), load_profile("eucaim"))
    assert len(found) > 300
    missing = []
    for difference in found:
        subject = difference.subject
        number = re.match("([0-9A-F]{4}),", subject)
        is_named = f"({subject[:9]})" in text or subject in text
        is_class = number is not None and f"emptied {number[1]}" in text
        if not (is_named or (is_class and difference.before.action == "emptied")):
            missing.append(subject)
    assert missing == []
