"""An answer is believed instance by instance, whatever its status says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.upv.answer import LARGEST_ANSWER_BYTES, failure_reason, read_answer
from transfer.errors import NodeFault
from transfer.node import InstanceOutcome, Verdict
from transfer.values import SOPInstanceUID

A, B, C = (SOPInstanceUID(uid) for uid in ("1.2.3.1", "1.2.3.2", "1.2.3.3"))
RECORDED = Path(__file__).parents[4] / "shared" / "reference" / "dicomweb-exchanges.json"


def _item(uid: str, **reasons: int) -> dict[str, Any]:
    tags = {"failure": "00081197", "warning": "00081196"}
    item: dict[str, Any] = {
        "00081150": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]},
        "00081155": {"vr": "UI", "Value": [uid]},
    }
    for name, code in reasons.items():
        item[tags[name]] = {"vr": "US", "Value": [code]}
    return item


def _json(
    stored: list[dict[str, Any]] | None = None, failed: list[dict[str, Any]] | None = None
) -> bytes:
    content: dict[str, Any] = {}
    if stored is not None:
        content["00081199"] = {"vr": "SQ", "Value": stored}
    if failed is not None:
        content["00081198"] = {"vr": "SQ", "Value": failed}
    return json.dumps(content).encode()


def _verdicts(outcomes: Any) -> list[tuple[str, Verdict]]:
    return [(o.sop_instance_uid, o.verdict) for o in outcomes]


@pytest.mark.parametrize("status", [200, 202, 400, 409])
def test_what_is_listed_as_stored_is_stored_whatever_the_status(status: int) -> None:
    outcomes = read_answer(_json([_item(A)], [_item(B, failure=290)]), [A, B], status=status)
    assert outcomes[0] == InstanceOutcome(A, Verdict.STORED)
    assert outcomes[1].verdict is Verdict.REFUSED
    assert outcomes[1].reason == "SOP Class not supported by the node"
    assert outcomes[1].retry.allowed is False


def test_a_200_that_names_only_some_stores_only_those() -> None:
    outcomes = read_answer(_json([_item(A)]), [A, B, C], status=200)
    assert _verdicts(outcomes) == [
        (A, Verdict.STORED),
        (B, Verdict.NO_ANSWER),
        (C, Verdict.NO_ANSWER),
    ]


def test_instances_that_we_did_not_send_do_not_count() -> None:
    outcomes = read_answer(_json([_item(B), _item(A)]), [A], status=200)
    assert _verdicts(outcomes) == [(A, Verdict.STORED)]


def test_an_instance_in_both_lists_is_not_believed_to_be_stored() -> None:
    outcomes = read_answer(_json([_item(A)], [_item(A, failure=272)]), [A, B], status=202)
    assert outcomes[0].verdict is Verdict.NO_ANSWER


def test_a_warning_reason_beside_a_stored_instance_is_a_warning() -> None:
    """Microsoft puts it inside ReferencedSOPSequence, with status 202."""
    outcomes = read_answer(_json([_item(A, warning=45063)]), [A], status=202)
    assert outcomes[0].verdict is Verdict.STORED_WITH_WARNING
    assert "SOP Class" in outcomes[0].reason


@pytest.mark.parametrize("code", [45070, 273])
def test_already_there_is_believed_only_once_the_node_lists_it(code: int) -> None:
    outcomes = read_answer(_json(failed=[_item(A, failure=code)]), [A, B], status=409)
    assert outcomes[0].verdict is Verdict.NO_ANSWER
    assert outcomes[0].reason == "the node says that it has it already"


@pytest.mark.parametrize(
    ("code", "text", "may_retry"),
    [
        (272, "failed while processing", True),
        (290, "SOP Class not supported", False),
        (292, "may not store", False),
        (42752, "out of space", True),
        (43007, "out of space", True),
        (43264, "does not match", False),
        (43265, "another Study", False),
        (43519, "does not match", False),
        (45071, "busy", True),
        (49152, "cannot understand", False),
        (49442, "Transfer Syntax", False),
        (53247, "cannot understand", False),
        (12345, "code 12345", False),
        (None, "without a reason", False),
    ],
)
def test_each_failure_reason_has_words_and_says_whether_it_may_pass(
    code: int | None, text: str, may_retry: bool
) -> None:
    reason = failure_reason(code)
    assert text in reason.text
    assert reason.retry.allowed is may_retry


def test_a_refusal_that_may_pass_is_to_be_tried_later_not_at_once() -> None:
    (outcome,) = read_answer(_json(failed=[_item(A, failure=272)]), [A], status=409)
    assert outcome.retry.allowed is True
    assert outcome.retry.after_s > 0


def test_alone_in_its_request_and_named_nowhere_means_unreadable() -> None:
    """Orthanc answers 400 with two empty lists to what it cannot read."""
    (outcome,) = read_answer(_json([], []), [A], status=400)
    assert (outcome.verdict, outcome.reason) == (Verdict.REFUSED, "the node cannot read it")


def test_among_others_and_named_nowhere_the_fate_is_unknown() -> None:
    outcomes = read_answer(_json([_item(A)], []), [A, B], status=400)
    assert outcomes[1].verdict is Verdict.NO_ANSWER


def test_alone_with_200_and_named_nowhere_the_fate_is_unknown() -> None:
    assert read_answer(_json([], []), [A], status=200)[0].verdict is Verdict.NO_ANSWER


XML = """<?xml version="1.0" encoding="UTF-8"?>
<NativeDicomModel xml:space="preserve" xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM">
 <DicomAttribute keyword="FailedSOPSequence" tag="00081198" vr="SQ">
  <Item number="1">
   <DicomAttribute tag="00081150" vr="UI"><Value number="1">1.2.840.10008.5.1.4.1.1.2</Value>
   </DicomAttribute>
   <DicomAttribute tag="00081155" vr="UI"><Value number="1">1.2.3.2</Value></DicomAttribute>
   <DicomAttribute tag="00081197" vr="US"><Value number="1">49442</Value></DicomAttribute>
  </Item>
 </DicomAttribute>
 <DicomAttribute keyword="ReferencedSOPSequence" tag="00081199" vr="SQ">
  <Item number="1">
   <DicomAttribute tag="00081155" vr="UI"><Value number="1">1.2.3.1</Value></DicomAttribute>
  </Item>
  <Item number="2">
   <DicomAttribute tag="00081155" vr="UI"><Value number="1">1.2.3.3</Value></DicomAttribute>
   <DicomAttribute tag="00081196" vr="US"><Value number="1">45056</Value></DicomAttribute>
   <DicomAttribute tag="04000561" vr="SQ"><Item number="1">
    <DicomAttribute tag="00081155" vr="UI"><Value number="1">1.2.3.9</Value></DicomAttribute>
   </Item></DicomAttribute>
  </Item>
 </DicomAttribute>
</NativeDicomModel>
"""


def test_an_xml_answer_as_dcm4chee_gives_it_is_read_the_same() -> None:
    outcomes = read_answer(XML.encode(), [A, B, C], status=202)
    assert _verdicts(outcomes) == [
        (A, Verdict.STORED),
        (B, Verdict.REFUSED),
        (C, Verdict.STORED_WITH_WARNING),
    ]
    assert "Transfer Syntax" in outcomes[1].reason


def test_a_prefixed_xml_answer_is_read_the_same() -> None:
    text = XML.replace("<Native", "<d:Native").replace("</Native", "</d:Native")
    for name in ("DicomAttribute", "Item", "Value"):
        text = text.replace(f"<{name}", f"<d:{name}").replace(f"</{name}", f"</d:{name}")
    text = text.replace("xmlns=", "xmlns:d=")
    assert read_answer(text.encode(), [A], status=202)[0].verdict is Verdict.STORED


def test_an_answer_with_a_doctype_is_not_read() -> None:
    bomb = XML.replace("<Native", '<!DOCTYPE x [<!ENTITY a "aaaa">]><Native', 1)
    with pytest.raises(NodeFault, match="no STOW-RS answer"):
        read_answer(bomb.encode(), [A], status=200)


@pytest.mark.parametrize("lead", [b"\xef\xbb\xbf", b"\r\n  ", b""])
def test_what_stands_before_the_first_brace_does_not_matter(lead: bytes) -> None:
    assert read_answer(lead + _json([_item(A)]), [A], status=200)[0].verdict is Verdict.STORED


def test_a_json_array_around_the_data_set_is_accepted() -> None:
    body = b"[" + _json([_item(A)]) + b"]"
    assert read_answer(body, [A], status=200)[0].verdict is Verdict.STORED


@pytest.mark.parametrize("status", [200, 202, 204])
def test_an_empty_success_stores_nothing(status: int) -> None:
    """Orthanc to a body that it did not recognise; Microsoft to one without parts."""
    assert read_answer(b"", [A], status=status)[0].verdict is Verdict.NO_ANSWER


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"<html><body>Welcome to nginx</body></html>", 200),
        (b"<!DOCTYPE html><html></html>", 409),
        (b"<NativeDicomModel><unclosed>", 200),
        (b"plain words", 200),
        (b"", 400),
        (b"{", 200),
        (b'{"00081199": []}', 200),
        (b'{"00081199": {"vr": "SQ", "Value": {}}}', 200),
        (b'{"00081199": {"vr": "SQ", "Value": ["1.2.3"]}}', 200),
        (b'{"error": "project is required"}', 400),
        (b'{"error": "project is required"}', 409),
        (b"[" * 100_000, 200),
        (b"<a>" * 100_000, 200),
        (b'"' + b"x" * LARGEST_ANSWER_BYTES + b'"', 200),
    ],
)
def test_what_is_no_stow_answer_is_the_nodes_fault(body: bytes, status: int) -> None:
    with pytest.raises(NodeFault, match="no STOW-RS answer"):
        read_answer(body, [A], status=status)


def test_a_page_with_status_200_may_pass_and_one_with_400_does_not() -> None:
    with pytest.raises(NodeFault, match="STOW") as page:
        read_answer(b"<html></html>", [A], status=200)
    assert page.value.retry.allowed is True
    with pytest.raises(NodeFault, match="STOW") as refusal:
        read_answer(b"<html></html>", [A], status=400)
    assert refusal.value.retry.allowed is False


def _recorded() -> dict[str, Any]:
    if not RECORDED.exists():
        pytest.skip("../shared is absent")
    return {e["id"]: e["response"] for e in json.loads(RECORDED.read_text())["exchanges"]}


def _uids(node: Any, tag: str) -> list[SOPInstanceUID]:
    return [SOPInstanceUID(i["00081155"]["Value"][0]) for i in node.get(tag, {}).get("Value", [])]


@pytest.mark.parametrize(
    ("exchange", "stored", "refused"),
    [
        ("store-one", 1, 0),
        ("store-one-again", 1, 0),
        ("store-changed-duplicate", 1, 0),
        ("store-into-study", 2, 0),
        ("store-wrong-study", 0, 1),
        ("store-wrong-study-mixed", 1, 1),
        ("store-garbage", 0, 0),
        ("store-good-and-garbage", 1, 0),
        ("store-garbage-first", 1, 0),
        ("store-truncated-instance", 0, 0),
        ("store-no-parts", 0, 0),
        ("store-no-close", 0, 0),
        ("store-part-type-octet", 0, 0),
        ("store-no-study-uid", 0, 1),
        ("store-no-patient-id", 1, 0),
    ],
)
def test_what_orthanc_really_answered_is_counted_right(
    exchange: str, stored: int, refused: int
) -> None:
    response = _recorded()[exchange]
    named = _uids(response["body"], "00081199") + _uids(response["body"], "00081198")
    # Two more that the answer does not know: with them no request holds a single instance.
    sent = [*named, A, B]
    outcomes = read_answer(
        json.dumps(response["body"]).encode(), sent, status=response["status"], node="orthanc"
    )
    counted = [outcome.verdict for outcome in outcomes]
    assert counted.count(Verdict.STORED) == stored
    assert counted.count(Verdict.REFUSED) == refused
    assert counted.count(Verdict.NO_ANSWER) == 2


def test_orthancs_own_xml_answer_is_read() -> None:
    response = _recorded()["store-xml"]
    _, _, rest = response["body"].partition('keyword="ReferencedSOPInstanceUID"')
    uid = SOPInstanceUID(rest.partition('<Value number="1">')[2].partition("<")[0])
    assert len(uid) > 40
    outcomes = read_answer(response["body"].encode(), [uid, A], status=200)
    assert [o.verdict for o in outcomes] == [Verdict.STORED, Verdict.NO_ANSWER]
