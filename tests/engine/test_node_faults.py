"""A node that misbehaves: the real runner over TLS, its ledger and the server's store.

Every test drives the program as a process of its own against the stand-in and looks at both ends:
what `status --json` says, and what the server holds.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.bench import NODE, TRANSFER, bench, in_the_way

ONCE_EACH = [1] * 8


def test_202_with_a_final_refusal_fails_that_instance_alone_and_names_it(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        at.sandbox.fault("stow:partial,reason=43264,times=1")
        ran = at.upload()
        assert ran.code == 4, str(ran)
        assert at.counts() == {"ready": 8, "sent": 7, "verified": 7, "failed": 1}
        status = at.status()
        assert [f["reason"] for f in status["failed"]] == [
            "the data set does not match its SOP Class"
        ]
        assert status["state"] == "failed"
        assert sorted(at.received()) == [0, 1, 1, 1, 1, 1, 1, 1]
        at.sandbox.faults.clear()
        at.assert_all_arrived(at.upload())


def test_202_with_a_passing_refusal_ends_verified(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        fault = at.sandbox.fault("stow:partial,reason=272,times=1")
        at.assert_all_arrived(at.upload())
        assert fault.fired == 1


def test_a_refusal_that_does_not_pass_ends_in_words_after_three_tries(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        fault = at.sandbox.fault("stow:partial,reason=272")
        ran = at.upload()
        assert ran.code == 4, str(ran)
        assert at.counts() == {"ready": 8, "sent": 7, "verified": 7, "failed": 1}
        assert [f["reason"] for f in at.status()["failed"]] == [
            "the node failed while processing it"
        ]
        assert fault.fired == 3
        assert sorted(at.received()) == [0, 1, 1, 1, 1, 1, 1, 1]


def test_stored_with_a_warning_counts_as_arrived(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        at.sandbox.fault("stow:warn=45063,times=1")
        at.assert_all_arrived(at.upload())


def test_an_instance_in_neither_list_is_looked_up_and_not_sent_again(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        at.sandbox.fault("stow:omit,times=1")
        at.assert_all_arrived(at.upload())
        assert at.received() == ONCE_EACH


def test_an_instance_acknowledged_but_not_kept_is_found_by_verification_and_goes_again(
    tmp_path: Path,
) -> None:
    with bench(tmp_path) as at:
        fault = at.sandbox.fault("stow:drop-acked,times=1")
        at.assert_all_arrived(at.upload())
        assert fault.fired == 1
        assert at.received() == ONCE_EACH


def test_an_instance_that_is_never_kept_is_failed_and_not_called_verified(tmp_path: Path) -> None:
    with bench(tmp_path, listing_delay_s=0) as at:
        fault = at.sandbox.fault("stow:drop-acked")
        ran = at.upload()
        assert ran.code == 4, str(ran)
        assert at.counts() == {"ready": 8, "sent": 7, "verified": 7, "failed": 1}
        reasons = [f["reason"] for f in at.status()["failed"]]
        assert len(reasons) == 1
        assert reasons[0].startswith("The node acknowledged this instance but does not list it.")
        assert fault.fired == 3
        assert sorted(at.received()) == [0, 1, 1, 1, 1, 1, 1, 1]


def test_a_token_revoked_midway_is_renewed_in_silence(tmp_path: Path) -> None:
    with bench(tmp_path, max_batch_instances=2) as at:
        fault = at.sandbox.fault("issuer:expire,after=3,times=1")
        ran = at.upload()
        at.assert_all_arrived(ran)
        assert fault.fired == 1
        assert (at.sandbox.issuer.sign_ins, at.sandbox.issuer.refreshes) == (1, 1)
        assert ran.complaint == []


def test_a_session_over_midway_waits_for_a_person_and_goes_on_after_login(tmp_path: Path) -> None:
    with bench(tmp_path, is_signed_in=False, max_batch_instances=2) as at:
        at.program.good("login", NODE, typed="ingester\n")
        at.sandbox.fault("issuer:expire-session,after=3,times=1")
        ran = at.upload("--concurrency", 1)
        assert ran.code == 5, str(ran)
        assert len(ran.complaint) == 2
        status = at.status()
        assert status["state"] == "waiting"
        assert at.step()["state"] == "waiting"
        assert status["runner"]["pid"] is None
        sent = status["instances"]["sent"]
        assert 0 < sent < 8
        assert sum(at.received()) >= sent
        at.program.good("login", NODE, typed="ingester\n")
        at.assert_all_arrived(at.upload())


def test_503_with_retry_after_is_waited_for(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        fault = at.sandbox.fault("stow:status=503,retry-after=3,times=1")
        ran = at.upload()
        at.assert_all_arrived(ran)
        assert fault.fired == 1
        assert ran.seconds > 3
        assert at.received() == ONCE_EACH


def test_503_without_end_gives_up_in_good_order_and_goes_on_later(tmp_path: Path) -> None:
    with bench(tmp_path, patience_s=1) as at:
        at.sandbox.fault("stow:status=503,retry-after=0")
        ran = at.upload()
        assert ran.code == 6, str(ran)
        assert ran.complaint[0].endswith("The node is busy or not ready (HTTP 503).")
        assert at.counts() == {"ready": 8, "sent": 0, "verified": 0, "failed": 0}
        assert at.step()["state"] == "waiting"
        assert at.sandbox.stored() == {}
        at.sandbox.faults.clear()
        at.assert_all_arrived(at.upload())


def test_a_page_of_a_gateway_instead_of_an_answer_is_survived(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        fault = at.sandbox.fault("stow:status=500,times=1")
        at.assert_all_arrived(at.upload())
        assert fault.fired == 1


@pytest.mark.parametrize("fault", ["reset-after-body", "truncate-answer"])
def test_a_connection_lost_after_the_last_byte_is_settled_by_the_listing(
    tmp_path: Path, fault: str
) -> None:
    with bench(tmp_path) as at:
        armed = at.sandbox.fault(f"stow:{fault},times=1")
        at.assert_all_arrived(at.upload())
        assert armed.fired == 1
        assert at.received() == ONCE_EACH


@pytest.mark.parametrize("fault", ["reset-before-body", "reset-mid-body"])
def test_a_connection_lost_before_the_last_byte_goes_again(tmp_path: Path, fault: str) -> None:
    with bench(tmp_path) as at:
        armed = at.sandbox.fault(f"stow:{fault},times=1")
        at.assert_all_arrived(at.upload())
        assert armed.fired == 1
        assert at.received() == ONCE_EACH


def test_a_batch_that_is_too_large_is_halved_until_it_fits(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        fault = at.sandbox.fault("stow:status=413,times=3")
        at.assert_all_arrived(at.upload("--concurrency", 1))
        assert fault.fired == 3
        assert at.received() == ONCE_EACH


def test_single_instances_that_are_too_large_fail_in_words(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        at.sandbox.fault("stow:status=413")
        ran = at.upload()
        assert ran.code == 4, str(ran)
        assert at.counts() == {"ready": 8, "sent": 0, "verified": 0, "failed": 8}
        assert {f["reason"] for f in at.status()["failed"]} == {
            "This one instance is larger than the node takes at once. Ask the node's administrator "
            "to raise the limit for a request, then upload again."
        }
        assert at.sandbox.stored() == {}


def test_answers_in_xml_are_read(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        at.sandbox.fault("stow:xml")
        at.assert_all_arrived(at.upload())


def test_a_node_that_lists_in_small_pages_is_verified(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        at.sandbox.fault("qido:cap=3")
        at.assert_all_arrived(at.upload())
        assert at.received() == ONCE_EACH


def test_a_node_that_lists_late_is_waited_for_and_nothing_goes_twice(tmp_path: Path) -> None:
    with bench(tmp_path, listing_delay_s=6) as at:
        at.sandbox.fault("qido:delay-listing=1")
        at.assert_all_arrived(at.upload())
        assert at.received() == ONCE_EACH


def test_a_node_that_does_not_list_needs_a_person_who_counts(tmp_path: Path) -> None:
    with bench(tmp_path) as at:
        at.sandbox.fault("qido:not-supported")
        ran = at.upload()
        assert ran.code == 3, str(ran)
        status = at.status()
        assert at.counts() == {"ready": 8, "sent": 8, "verified": 0, "failed": 0}
        assert [(f["rule"], f["severity"]) for f in in_the_way(status)] == [("UNVERIFIABLE", "ask")]
        assert at.received() == ONCE_EACH
        wrong = at.program.run("verify", TRANSFER, "--counted", 7, "--by", "A. Person")
        assert wrong.code == 2
        assert wrong.complaint[0].endswith("8 instances were acknowledged, 7 were counted.")
        at.program.good("verify", TRANSFER, "--counted", 8, "--by", "A. Person")
        assert at.step()["state"] == "done"
        assert "A. Person" in at.step()["detail"]
        assert in_the_way(at.status()) == []
