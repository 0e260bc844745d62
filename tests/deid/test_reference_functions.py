"""Edges of single functions (reference, section 4)."""

from __future__ import annotations

import pytest

from tests.deid.rules import instance, method, outcome, rewritten
from transfer.deid.model import Quarantined

HASHED = b"1.2.93082845735586436564581401209845601688"


@pytest.mark.parametrize("third", ["this", "NoSuchName", "Modality", "SOPInstanceUID::PatientID"])
def test_hashuid_appends_nothing_for_what_has_no_rule(third: str) -> None:
    """Section 4.3: `this` is no name there, so the rule does not ask for itself (by its source)."""
    header = instance((0x00080014, "UI", b"1.2.840.113619.2.1"))
    out = rewritten(method({"00080014": f"@hashuid(1.2,this,{third})"}), header)
    assert out[0x00080014].value == HASHED


def test_integer_does_not_pad_without_bound() -> None:
    """Section 4.8 sets no limit; CTP itself runs out of memory."""
    made = method({"00081030": "@integer(this,ptid,2147483647)"})
    assert isinstance(outcome(made, instance(), lambda key_type, text: 1), Quarantined)
