"""Values of VRs that CTP's library does not know (reference, sections 2 and 5)."""

from __future__ import annotations

from tests.deid.rules import DESCRIPTION, instance, method, rewritten
from transfer.scan.elements import Encoding

RETRIEVE_URL = 0x00081190


def test_a_text_is_never_inserted_into_an_element_of_a_vr_that_is_not_known() -> None:
    """Section 5.2: UR is UN there, which refuses any text (by its source)."""
    assert RETRIEVE_URL not in rewritten(method({"00081190": "@always()http://a"}), instance())


def test_an_empty_element_of_a_vr_that_is_not_known_is_inserted_as_un() -> None:
    """Section 2, step 3: nothing refuses the empty value."""
    out = rewritten(method({"00081190": "@always()@empty()"}), instance())
    assert (out[RETRIEVE_URL].vr, out[RETRIEVE_URL].value) == ("UN", b"")


def test_a_number_that_may_have_a_sign_is_read_without_one_in_implicit_vr() -> None:
    """Section 5.1: the library takes the first of two VRs (by its dictionary)."""
    header = instance((0x00280103, "US", b"\1\0"), (0x00280106, "SS", b"\xf9\xff"))
    rules = {"00081030": "@contents([0028,0106])"}
    assert rewritten(method(rules), header)[DESCRIPTION].value == b"-7"
    header.encoding = Encoding(is_implicit=True, is_little=True)
    assert rewritten(method(rules), header)[DESCRIPTION].value == b"65529 "


def test_a_number_that_may_have_a_sign_takes_none_in_implicit_vr() -> None:
    """Section 5.2: what does not fit is refused, and the original value stays."""
    header = instance((0x00280103, "US", b"\1\0"), (0x00280106, "SS", b"\xf9\xff"))
    header.encoding = Encoding(is_implicit=True, is_little=True)
    out = rewritten(method({"00280106": "-9"}), header)
    assert out[0x00280106].value == b"\xf9\xff"
