"""What becomes of an instance after each word of a node: the rules that lose or keep images."""

from __future__ import annotations

from transfer.errors import Retry, Unreachable
from transfer.ledger.batches import Lease, PatientFacts, PlannedInstance
from transfer.node import InstanceOutcome, Verdict
from transfer.outgoing import Digests
from transfer.runner import judge
from transfer.values import (
    SeriesInstanceUID,
    SeriesRef,
    SOPClassUID,
    SOPInstanceUID,
    StudyInstanceUID,
    TransferSyntaxUID,
)

A, B = SOPInstanceUID("1.2.1"), SOPInstanceUID("1.2.2")


def planned(row: int, uid: SOPInstanceUID, strikes: int = 0) -> PlannedInstance:
    return PlannedInstance(
        row=row,
        sop_instance_uid=uid,
        sop_class_uid=SOPClassUID("1.2.840.10008.5.1.4.1.1.2"),
        transfer_syntax_uid=TransferSyntaxUID("1.2.840.10008.1.2.1"),
        series_row=1,
        study_row=1,
        patient=PatientFacts(1, "", ""),
        series=SeriesRef(StudyInstanceUID("1.3"), SeriesInstanceUID("1.4")),
        path=b"a",
        file_bytes=10,
        mtime_ns=0,
        body_offset=0,
        has_part10=True,
        size_bytes=10,
        attempts=strikes,
    )


def lease(*instances: PlannedInstance) -> Lease:
    return Lease(batch_id=7, attempt=1, attempt_row=1, instances=instances)


def states(judgement: judge.Judgement) -> dict[int, str]:
    return {settled.row: settled.state for settled in judgement[0]}


def test_an_acknowledged_instance_is_sent_with_its_digests() -> None:
    answer = {A: InstanceOutcome(A, Verdict.STORED)}
    settled, again = judge.after_answer(
        lease(planned(1, A)), answer, set(), {A: Digests("ab", "cd")}
    )
    (sent,) = settled
    assert (sent.state, sent.evidence) == ("sent", "stored")
    assert (sent.sha256, sent.source_sha256) == ("ab", "cd")
    assert again == []


def test_a_finally_refused_instance_fails_with_the_node_s_reason_and_does_not_go_again() -> None:
    answer = {
        A: InstanceOutcome(A, Verdict.STORED),
        B: InstanceOutcome(B, Verdict.REFUSED, "SOP Class not supported"),
    }
    settled, again = judge.after_answer(lease(planned(1, A), planned(2, B)), answer, set(), {})
    assert [(s.state, s.reason) for s in settled] == [
        ("sent", ""),
        ("failed", "SOP Class not supported"),
    ]
    assert again == []


def test_a_refusal_that_may_pass_goes_again_alone_and_fails_at_the_third_strike() -> None:
    refused = {A: InstanceOutcome(A, Verdict.REFUSED, "out of resources", Retry.after(1))}
    settled, again = judge.after_answer(lease(planned(1, A)), refused, set(), {})
    assert (settled[0].state, settled[0].strike, again) == ("ready", True, [[1]])
    last = judge.after_answer(lease(planned(1, A, strikes=2)), refused, set(), {})
    assert states(last) == {1: "failed"}
    assert last[1] == []


def test_an_instance_the_answer_does_not_name_is_sent_only_when_the_node_lists_it() -> None:
    batch = lease(planned(1, A), planned(2, B))
    assert [i.row for i in judge.unanswered(batch, {})] == [1, 2]
    settled, again = judge.after_answer(batch, {}, {A}, {})
    assert [(s.row, s.state, s.evidence) for s in settled] == [
        (1, "sent", "listed"),
        (2, "ready", ""),
    ]
    assert again == [[2]]


def test_a_broken_request_keeps_what_the_node_lists_and_repeats_the_rest_together() -> None:
    broken = Unreachable("cut", "wait")
    judged = judge.after_break(lease(planned(1, A), planned(2, B)), broken, {A}, is_strike=False)
    assert states(judged) == {1: "sent", 2: "ready"}
    assert judged[1] == [[2]]


def test_a_way_that_is_down_never_counts_against_an_instance() -> None:
    broken = Unreachable("cut", "wait")
    judged = judge.after_break(lease(planned(1, A, strikes=99)), broken, set(), is_strike=False)
    assert states(judged) == {1: "ready"}
    assert not judged[0][0].strike


def test_a_batch_that_keeps_breaking_while_others_get_through_is_taken_apart() -> None:
    broken = Unreachable("cut", "wait")
    batch = lease(planned(1, A, strikes=3), planned(2, B, strikes=3))
    assert judge.after_break(batch, broken, set(), is_strike=True)[1] == [[1], [2]]
    alone = judge.after_break(lease(planned(1, A, strikes=7)), broken, set(), is_strike=True)
    assert states(alone) == {1: "failed"}


def test_a_batch_too_large_is_halved_and_a_single_instance_fails_with_words() -> None:
    three = lease(planned(1, A), planned(2, B), planned(3, SOPInstanceUID("1.2.3")))
    assert judge.after_too_large(three)[1] == [[1], [2, 3]]
    settled, again = judge.after_too_large(lease(planned(1, A)))
    assert settled[0].reason == (
        "This one instance is larger than the node takes at once."
        " Ask the node's administrator to raise the limit for a request, then upload again."
    )
    assert (settled[0].state, again) == ("failed", [])


def test_a_changed_source_file_takes_only_itself_out_of_the_batch() -> None:
    judged = judge.after_source_change(lease(planned(1, A), planned(2, B)), {1}, "changed")
    assert states(judged) == {1: "failed", 2: "ready"}
    assert judged[1] == [[2]]
