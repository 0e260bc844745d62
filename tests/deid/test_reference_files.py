"""Whole files as CTP reads and writes them (reference, sections 2 and 7)."""

from __future__ import annotations

import pytest

from tests.deid.made import CT_BODY, header_of, implicit, implicit_file
from tests.deid.rules import method, outcome
from tests.scan import files
from transfer.deid.model import Quarantined, Rewritten

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
IMPLICIT_BODY = implicit_file(b"")[len(files.frame(IMPLICIT_LITTLE)) :] + implicit(
    0x00100010, b"Doe^John"
)


@pytest.mark.parametrize(
    ("syntax", "body"),
    [
        (JPEG_BASELINE, IMPLICIT_BODY),
        (EXPLICIT_LITTLE, IMPLICIT_BODY),
        (IMPLICIT_LITTLE, CT_BODY),
    ],
)
def test_a_file_that_is_not_encoded_as_it_says_quarantines(syntax: str, body: bytes) -> None:
    """Section 7: CTP's library believes the transfer syntax and gets lost; others look (by its
    source; pydicom's own SC_rgb_jpeg.dcm is such a file)."""
    stopped = outcome(method({}), header_of(files.frame(syntax) + body))
    assert isinstance(stopped, Quarantined)
    assert "not encoded as its transfer syntax says" in stopped.reason


def test_a_file_that_is_encoded_as_it_says_is_read() -> None:
    """Section 7: the other side of the same."""
    for syntax, body in ((EXPLICIT_LITTLE, CT_BODY), (IMPLICIT_LITTLE, IMPLICIT_BODY)):
        assert isinstance(outcome(method({}), header_of(files.frame(syntax) + body)), Rewritten)
