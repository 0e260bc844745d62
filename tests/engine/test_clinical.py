"""Step 9: clinical data are checked, sent, read back and compared, on both nodes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.bench import TRANSFER
from tests.engine.clinical_bench import (
    STEP,
    ClinicalBench,
    clinical_bench,
    row_of,
)
from transfer.runner.clinical_words import without_name

FILES = {"upv": 0, "xnat": 1}


def test_every_subject_is_sent_once_read_back_and_the_step_is_done(at: ClinicalBench) -> None:
    ran = at.clinical("--json")
    assert ran.code == 0, str(ran)
    assert ran.document["subjects"] == {
        "ready": 5, "sent": 5, "verified": 5, "failed": 0, "differs": 0,
    }  # fmt: skip
    assert ran.document["files"]["verified"] == FILES[at.kind]
    assert sorted(at.held()) == ["PT001", "PT002", "PT003", "PT004", "PT005"]
    assert set(at.sends().values()) == {1}
    assert len(at.sends()) == 5 + FILES[at.kind]
    assert at.step(STEP)["state"] == "done"
    assert at.step(STEP)["detail"].endswith("on the node, each read back and the same.")


def test_a_second_run_sends_nothing_again(at: ClinicalBench) -> None:
    assert at.clinical().code == 0
    before = at.sends()
    ran = at.clinical()
    assert ran.code == 0, str(ran)
    assert at.sends() == before
    assert len(before) == 5 + FILES[at.kind]


def test_a_refused_subject_is_named_by_its_row_and_the_rest_stands(at: ClinicalBench) -> None:
    at.refuse("PT003")
    ran = at.clinical("--json")
    assert ran.code == 4, str(ran)
    (trouble,) = ran.document["in_trouble"]
    # The heading is row 1 of the table.
    assert (trouble["key"], trouble["row"], trouble["row_number"]) == ("P3", "R4", 4)
    assert trouble["reason"]
    assert ran.document["subjects"]["verified"] == 4
    assert ran.document["subjects"]["failed"] == 1
    assert "P3 (R4)" in ran.complaint[0]
    assert sorted(at.held()) == ["PT001", "PT002", "PT004", "PT005"]
    assert at.step(STEP)["state"] == "blocked"
    assert at.status()["state"] == "done", "the images stay where they are"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("no subject PT-002 here", "no subject P2 here"),
        ("pt-002: unknown; see /subjects/PT-002/eform", "P2: unknown; see /subjects/P2/eform"),
        ("XPT-002 and PT-0021 are others", "XPT-002 and PT-0021 are others"),
    ],
)
def test_a_name_that_a_node_says_is_kept_as_the_patients_key(said: str, kept: str) -> None:
    assert without_name(said, "PT-002", "P2") == kept


def test_a_name_is_found_as_addresses_and_json_spell_it() -> None:
    assert without_name("/s/A%2F1%20x/eform", "A/1 x", "P1") == "/s/P1/eform"
    assert without_name(r'{"id": "\u00d1u-9"}', "\u00d1u-9", "P3") == '{"id": "P3"}'


def test_after_a_refusal_only_the_refused_subject_goes_again(at: ClinicalBench) -> None:
    at.refuse("PT003")
    assert at.clinical().code == 4
    before = at.sends()
    at.sandbox.faults.clear()
    ran = at.clinical()
    assert ran.code == 0, str(ran)
    again = at.sends() - before
    assert len(again) == 1
    assert "PT003" in next(iter(again))
    assert sorted(at.held()) == ["PT001", "PT002", "PT003", "PT004", "PT005"]


def test_a_changed_table_asks_before_it_overwrites(at: ClinicalBench) -> None:
    assert at.clinical().code == 0
    held, before = at.held(), at.sends()
    at.change_comment("PT002", "seen twice")
    refused = at.clinical()
    assert refused.code == 3, str(refused)
    assert "on the node with other data, of an earlier run. Nothing was sent." in refused.err
    assert f"eucaim-transfer clinical {TRANSFER} --overwrite" in refused.err
    assert (at.held(), at.sends()) == (held, before)
    assert at.step(STEP)["state"] == "blocked"
    assert at.step(STEP)["command"] == f"eucaim-transfer clinical {TRANSFER} --overwrite"

    done = at.clinical("--overwrite")
    assert done.code == 0, str(done)
    now = at.held()
    assert "seen twice" in now["PT002"]
    assert {k: v for k, v in now.items() if k != "PT002"} == {
        k: v for k, v in held.items() if k != "PT002"
    }
    # What is the same was not sent again.
    assert len(at.sends() - before) == 1 + FILES[at.kind]


def test_the_word_to_overwrite_is_for_one_run(at: ClinicalBench) -> None:
    assert at.clinical().code == 0
    at.change_comment("PT002", "seen twice")
    assert at.clinical("--overwrite").code == 0
    at.change_comment("PT002", "seen thrice")
    assert at.clinical().code == 3
    assert "seen twice" in at.held()["PT002"]


def test_the_word_to_overwrite_ends_with_a_run_that_something_stood_in_the_way_of(
    upv: ClinicalBench,
) -> None:
    assert upv.clinical().code == 0
    upv.table_file.write_bytes(b"Nobody,Sex\nPT001,Female\n")
    assert upv.clinical("--overwrite").code == 3
    upv.change_comment("PT002", "seen twice")
    refused = upv.clinical()
    assert refused.code == 3, str(refused)
    assert "other data" in refused.err
    assert "seen twice" not in upv.held()["PT002"]


def test_data_of_somebody_else_are_not_written_over(tmp_path: Path) -> None:
    """Another transfer, that knows nothing of the first, to the same subjects."""
    with clinical_bench(tmp_path, "upv", patients=3) as at:
        assert at.clinical().code == 0
        held = at.held()
        at.program.good(
            "new", "second", "--node", "node", "--source", tmp_path / "source",
            "--clinical", at.table_file,
        )  # fmt: skip
        at.program.good("upload", "second")
        at.change_comment("PT002", "other words")
        ran = at.program.run("clinical", "second", "--json")
        assert ran.code == 3, str(ran)
        assert ran.document["subjects"] == {
            "ready": 3, "sent": 2, "verified": 2, "failed": 0, "differs": 1,
        }  # fmt: skip
        assert [t["key"] for t in ran.document["in_trouble"]] == ["P2"]
        assert at.held() == held
        assert "they were not written over" in ran.err
        assert at.program.run("clinical", "second", "--overwrite").code == 0
        assert "other words" in at.held()["PT002"]


def test_nothing_goes_before_the_images_are_verified(tmp_path: Path) -> None:
    with clinical_bench(tmp_path, "upv", patients=2, sent=False) as at:
        ran = at.clinical()
        assert ran.code == 3
        assert ran.err.splitlines()[-2:] == [
            "eucaim-transfer: Only after the images are verified on the node.",
            f"  what to do: Send the images first: eucaim-transfer upload {TRANSFER}",
        ]
        assert at.step(STEP)["detail"].startswith(
            "Only after the images are verified on the node. "
        )
        # Nothing is said of the images by that.
        assert at.status()["state"] == "new"
        detached = at.clinical("--detach")
        assert detached.code == 3
        assert "Only after the images are verified on the node." in detached.err


def test_a_change_of_the_table_opens_the_step_again(upv: ClinicalBench) -> None:
    assert upv.clinical().code == 0
    upv.change_comment("PT001", "seen twice")
    assert upv.clinical("--check").code == 0
    step = upv.step(STEP)
    assert step["state"] == "todo"
    assert step["detail"] == "The table, or what was said of it, has changed since it was sent."


def test_a_subject_that_does_not_go_any_more_is_told_and_not_deleted(upv: ClinicalBench) -> None:
    assert upv.clinical().code == 0
    kept = upv.clinical("--keep-back", "P2", "--by", "Ada", "--reason", "withdrawn")
    assert kept.code == 0, str(kept)
    ran = upv.clinical()
    assert ran.code == 0, str(ran)
    assert upv.status()["clinical"]["gone"] == 1
    assert "1 item of an earlier run lies there that does not go any more" in ran.out
    assert sorted(upv.held()) == ["PT001", "PT002", "PT003"]


def test_rows_that_are_kept_back_do_not_leave_until_they_are_let_go(upv: ClinicalBench) -> None:
    assert upv.clinical("--keep-back", "R3", "--by", "Ada", "--reason", "not yet").code == 0
    assert upv.clinical().code == 0
    assert sorted(upv.held()) == ["PT001", "PT003"]
    assert upv.clinical("--let-go", "R3").code == 0
    assert upv.clinical().code == 0
    assert sorted(upv.held()) == ["PT001", "PT002", "PT003"]


def test_a_row_without_images_does_not_leave(upv: ClinicalBench) -> None:
    upv.write_table([*(row_of(p) for p in upv.patients), row_of("PT777")])
    ran = upv.clinical()
    assert ran.code == 0, str(ran)
    assert "  stays here   1 row without images" in ran.out
    assert upv.status()["clinical"]["stays"] == {"unlinked": 1}
    assert sorted(upv.held()) == ["PT001", "PT002", "PT003"]


def test_a_dry_run_writes_each_request_and_sends_nothing(at: ClinicalBench, tmp_path: Path) -> None:
    ran = at.clinical("--dry-run", tmp_path / "dry", "--json")
    assert ran.code == 0, str(ran)
    assert ran.document["requests"] == 5 + FILES[at.kind]
    written = list((tmp_path / "dry").glob("*.http"))
    assert len(written) >= 5
    assert (tmp_path / "dry").stat().st_mode & 0o077 == 0
    assert at.held() == {}
    assert at.sends() == {}


def test_images_alone_is_a_word_with_a_reason(upv: ClinicalBench) -> None:
    refused = upv.clinical("--image-only", "--by", "Ada")
    assert refused.code == 2
    assert "with a reason" in refused.err
    said = upv.clinical("--image-only", "--by", "Ada", "--reason", "agreed by mail", "--json")
    assert said.code == 0, str(said)
    assert said.document["image_only"] == {"person": "Ada", "reason": "agreed by mail"}
    assert said.document["table"] is False
    step = upv.step(STEP)
    assert (step["state"], step["person"]) == ("done", "Ada")
    assert upv.clinical().code == 0
    assert upv.held() == {}


def test_a_later_table_takes_the_word_back(upv: ClinicalBench) -> None:
    assert upv.clinical("--image-only", "--by", "Ada", "--reason", "agreed by mail").code == 0
    ran = upv.clinical(upv.table_file, "--json")
    assert ran.code == 0, str(ran)
    assert ran.document["image_only"] is None
    assert sorted(upv.held()) == ["PT001", "PT002", "PT003"]


def test_images_alone_is_no_word_once_clinical_data_are_there(upv: ClinicalBench) -> None:
    assert upv.clinical().code == 0
    refused = upv.clinical("--image-only", "--by", "Ada", "--reason", "agreed by mail")
    assert refused.code == 3
    assert "Clinical data lie on the node already" in refused.err


@pytest.mark.parametrize("name", ["missing.csv", "image.dcm", "empty"])
def test_what_is_no_table_is_not_taken(upv: ClinicalBench, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "image.dcm":
        path.write_bytes(upv.images[0].content)
    if name == "empty":
        path.mkdir()
    ran = upv.clinical(path)
    assert ran.code == 2, str(ran)
    assert name not in ran.err
    assert len(ran.complaint) == 2
    assert upv.status()["clinical"]["table"] is True
    assert upv.held() == {}
