"""An XNAT that misbehaves: the real runner over TLS, its ledger and the project's archive.

The troubles are those that live servers were seen in (`xnat-rest.md`, section 8). Every test
drives the program as a process of its own and looks at both ends: what `status --json` says, and
what the catalogues of the archive name.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.sandbox.xnat.site import SiteOptions
from adapters.xnat.labels import labels_of
from tests.engine.xnat_bench import xnat_bench

GUESTS = SiteOptions(has_guests=True)
ONCE_EACH = [1] * 8


def test_a_session_still_being_processed_is_waited_for(tmp_path: Path) -> None:
    with xnat_bench(tmp_path) as at:
        fault = at.sandbox.fault("xnat:processing,times=2")
        at.assert_all_arrived(at.upload())
        assert fault.fired == 2
        assert at.received() == ONCE_EACH


def test_a_label_that_another_study_has_blocks_before_a_byte_is_sent(tmp_path: Path) -> None:
    with xnat_bench(tmp_path) as at:
        study = at.images[0].series.study
        archive, labels = at.sandbox.xnat.archive, labels_of(study)
        subject = archive.add_subject("SANDBOX", labels.subject)
        session = archive.add_session(subject, labels.session, "xnat:otherDicomSessionData")
        session.uid = "1.2.3.4"
        ran = at.upload()
        assert ran.code == 3, str(ran)
        assert "belongs to another Study" in ran.complaint[0]
        assert at.counts() == {"ready": 8, "sent": 0, "verified": 0, "failed": 0}
        blocks = [f["rule"] for f in at.status()["findings"] if f["severity"] == "block"]
        assert blocks == ["session-label-taken"]
        assert at.asked("services/import") == 0


def test_trouble_while_labels_are_compared_is_sat_out_and_not_left_to_a_person(
    tmp_path: Path,
) -> None:
    """They are compared after hours of scanning, when nobody watches any more."""
    with xnat_bench(tmp_path) as at:
        fault = at.sandbox.fault("xnat-prearchive:status=503,times=2")
        at.assert_all_arrived(at.upload())
        assert fault.fired == 2


def test_trouble_while_labels_are_compared_is_sat_out_for_as_long_as_is_configured(
    tmp_path: Path,
) -> None:
    with xnat_bench(tmp_path, patience_s=0) as at:
        at.sandbox.fault("xnat-prearchive:status=503")
        ran = at.upload()
        assert ran.code == 6, str(ran)
        assert at.counts() == {"ready": 8, "sent": 0, "verified": 0, "failed": 0}
        assert at.step()["state"] == "waiting"


def test_a_conflict_while_archiving_fails_that_study_alone_in_the_nodes_words(
    tmp_path: Path,
) -> None:
    with xnat_bench(tmp_path) as at:
        at.sandbox.fault("xnat:conflict,times=1")
        ran = at.upload()
        assert ran.code == 4, str(ran)
        status = at.status()
        failed = status["instances"]["failed"]
        assert failed in (3, 5)
        assert at.counts() == {
            "ready": 8,
            "sent": 8 - failed,
            "verified": 8 - failed,
            "failed": failed,
        }
        reasons = {f["reason"] for f in status["failed"]}
        assert len(reasons) == 1
        assert "conflict made by the sandbox" in reasons.pop()
        assert [waiting.status for waiting in at.archive.prearchive()] == ["CONFLICT"]
        at.assert_all_arrived(at.upload())


@pytest.mark.parametrize("answer", [401, 200])
def test_a_session_that_ends_in_mid_body_is_renewed_and_nothing_is_lost(
    tmp_path: Path, answer: int
) -> None:
    with xnat_bench(tmp_path) as at:
        fault = at.sandbox.fault(f"xnat:expire-session,answer={answer},times=1")
        ran = at.upload()
        at.assert_all_arrived(ran)
        assert fault.fired == 1
        assert ran.complaint == []


@pytest.mark.parametrize(
    ("after", "accessibility"),
    [
        pytest.param(7, "private", id="before the first listing"),
        pytest.param(11, "public", id="before the first import"),
        pytest.param(14, "private", id="before the prearchive is listed"),
        pytest.param(14, "public", id="before the prearchive is listed, visitors may read"),
        pytest.param(18, "public", id="before archiving"),
        pytest.param(19, "public", id="while archiving is watched"),
        pytest.param(36, "private", id="before the catalogues"),
    ],
)
def test_a_session_that_became_a_guests_is_not_taken_for_an_empty_project(
    tmp_path: Path, after: int, accessibility: str
) -> None:
    with xnat_bench(tmp_path, site=GUESTS) as at:
        at.sandbox.xnat.archive.projects["SANDBOX"].accessibility = accessibility
        fault = at.sandbox.fault(f"xnat:become-guest,after={after},times=1")
        at.assert_all_arrived(at.upload("--concurrency", 1))
        assert fault.fired == 1
        assert at.received() == ONCE_EACH
        assert at.asked("services/archive") <= 3


def test_a_gateway_that_gives_up_while_archiving_goes_on_is_not_asked_twice(
    tmp_path: Path,
) -> None:
    with xnat_bench(tmp_path) as at:
        fault = at.sandbox.fault("xnat:gateway-timeout=1500,times=1")
        at.assert_all_arrived(at.upload())
        assert fault.fired == 1
        assert at.asked("services/archive") == 2
        assert at.received() == ONCE_EACH


def test_a_second_entry_opened_beside_a_locked_one_ends_in_the_same_session(
    tmp_path: Path,
) -> None:
    with xnat_bench(tmp_path, max_batch_instances=1) as at:
        fault = at.sandbox.fault("xnat:second-row=1,after=1,times=1")
        at.assert_all_arrived(at.upload())
        assert fault.fired == 1
        assert at.asked("services/archive") == 3
        assert at.received() == ONCE_EACH


def test_an_object_lost_without_a_word_is_found_by_verification_and_goes_again(
    tmp_path: Path,
) -> None:
    with xnat_bench(tmp_path) as at:
        fault = at.sandbox.fault("xnat:drop,times=1")
        at.assert_all_arrived(at.upload())
        assert fault.fired == 1
        assert sorted(at.received()) == [1, 1, 1, 1, 1, 1, 1, 2]


def test_objects_that_are_never_kept_are_failed_and_not_called_verified(tmp_path: Path) -> None:
    with xnat_bench(tmp_path, listing_delay_s=0) as at:
        at.sandbox.fault("xnat:drop")
        ran = at.upload()
        assert ran.code == 4, str(ran)
        assert at.counts() == {"ready": 8, "sent": 5, "verified": 5, "failed": 3}
        assert all(f["reason"] for f in at.status()["failed"])
        assert len(at.archive.sop_instance_uids()) == 5


def test_a_request_that_is_too_large_is_halved_until_it_fits(tmp_path: Path) -> None:
    # A tar is filled up to 10240 bytes: one image of 64 by 64 fits, two need twice that.
    with xnat_bench(tmp_path, side=64) as at:
        at.sandbox.fault("xnat:too-large=11000")
        at.assert_all_arrived(at.upload())
        assert at.asked("services/import") == 13
        assert at.received() == ONCE_EACH


def test_single_instances_that_are_too_large_fail_in_words(tmp_path: Path) -> None:
    with xnat_bench(tmp_path) as at:
        at.sandbox.fault("xnat:too-large=500")
        ran = at.upload()
        assert ran.code == 4, str(ran)
        assert at.counts() == {"ready": 8, "sent": 0, "verified": 0, "failed": 8}
        assert {f["reason"] for f in at.status()["failed"]} == {
            "This one instance is larger than the node takes at once. Ask the node's administrator "
            "to raise the limit for a request, then upload again."
        }
        at.assert_archived()


def test_images_that_land_without_a_project_are_never_counted_as_sent(tmp_path: Path) -> None:
    with xnat_bench(tmp_path) as at:
        at.sandbox.fault("xnat:unassigned")
        ran = at.upload()
        assert ran.code == 5, str(ran)
        assert "(Unassigned)" in ran.complaint[0]
        assert at.counts() == {"ready": 8, "sent": 0, "verified": 0, "failed": 0}
        assert at.step()["state"] == "waiting"
        assert at.archive.sessions() == []
        at.sandbox.faults.clear()
        at.sandbox.xnat.prearchive.rows.clear()
        at.assert_all_arrived(at.upload())


def test_one_who_may_only_read_is_refused_before_a_byte_is_sent(tmp_path: Path) -> None:
    with xnat_bench(tmp_path, username="reader") as at:
        ran = at.upload()
        assert ran.code == 5, str(ran)
        assert "SANDBOX" in ran.complaint[0]
        assert at.counts() == {"ready": 8, "sent": 0, "verified": 0, "failed": 0}
        assert at.asked("services/import") == 0
        assert at.sandbox.xnat.prearchive.rows == []
