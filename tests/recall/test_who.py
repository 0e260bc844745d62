"""Whom a name means, and what is said where it could be several or is nobody's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recall.cohorts import add_patient, add_row, cohort
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import Names
from transfer.quality.attributes import PATIENT_ID, Traits
from transfer.quality.document import write_traits
from transfer.recall.listing import document
from transfer.recall.sent import what_went
from transfer.recall.who import Alike, FoundBy, NobodyFound, Who, find
from transfer.recall.withdrawal import SECRETLY, withdrawal_values
from transfer.volumes.traits import STUDY_UID


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with cohort(tmp_path) as made:
        yield made


def test_what_looks_alike_is_named_by_its_key_and_what_differs(ledger: Ledger) -> None:
    add_patient(ledger, "NHC-012")
    add_patient(ledger, "nhc-012")
    who = find(ledger, "NHC-012")
    assert who == Who(FoundBy.PATIENT_ID, (1,), (Alike("P2", ("capitals",)),), 1)


def test_nobody_is_told_with_those_who_look_alike_and_without_any_name(ledger: Ledger) -> None:
    add_patient(ledger, "0012")
    with pytest.raises(NobodyFound) as refused:
        find(ledger, "12")
    assert "It looks like P1 (but for leading zeros)" in refused.value.what
    assert "0012" not in f"{refused.value.what} {refused.value.remedy}"
    assert refused.value.exit_code == 2


def test_an_empty_name_is_nobodys_although_images_lack_a_patient_id(ledger: Ledger) -> None:
    add_patient(ledger, "")
    with pytest.raises(UsageError, match="Nobody is named"):
        find(ledger, "  ")


def test_a_name_that_is_one_ones_id_and_anothers_pseudonym_is_not_guessed(ledger: Ledger) -> None:
    add_patient(ledger, "A1", pseudonym="B2")
    add_patient(ledger, "B2", pseudonym="C3")
    with pytest.raises(UsageError, match="the Patient ID of P2 and the pseudonym of P1"):
        find(ledger, "B2")
    assert find(ledger, "B2", FoundBy.PATIENT_ID).patients == (2,)
    assert find(ledger, "B2", FoundBy.PSEUDONYM).patients == (1,)


def test_two_who_went_under_one_pseudonym_are_told_apart_by_their_ids(ledger: Ledger) -> None:
    add_patient(ledger, "A1", pseudonym="ONE")
    add_patient(ledger, "A2", pseudonym="ONE")
    assert find(ledger, "ONE").patients == (1, 2)
    sent = what_went(ledger, find(ledger, "A1"), "A1")
    assert [study.row for study in sent.studies] == [1]
    assert sent.sharing == ("P2",)
    assert "not the subject" in withdrawal_values(sent)["went"]


def test_an_id_of_the_table_alone_leads_to_whom_a_persons_word_linked(ledger: Ledger) -> None:
    add_patient(ledger, "NHC-1")
    row = add_row(ledger, "0001", 1)
    who = find(ledger, "0001")
    assert (who.found_by, who.patients) == (FoundBy.TABLE_ID, (1,))
    assert [one.row for one in what_went(ledger, who, "0001").rows] == [row]


def test_rows_of_somebody_without_images_are_found_and_never_went(ledger: Ledger) -> None:
    add_patient(ledger, "NHC-1")
    row = add_row(ledger, "NHC-2", None)
    who = find(ledger, "NHC-2")
    sent = what_went(ledger, who, "NHC-2")
    assert (who.patients, [one.row for one in sent.rows]) == ((), [row])
    assert not sent.is_anything_out
    assert sent.stays == {"rows": {"not-sent": 1}}


def test_rows_of_somebody_who_got_no_name_here_are_in_no_file_on_the_node(ledger: Ledger) -> None:
    """A patient whom another gateway sends: the table is there, with other patients' rows."""
    add_patient(ledger, "NHC-1")
    other = add_patient(ledger, "NHC-2", ("excluded",))
    add_row(ledger, "NHC-1", 1)
    add_row(ledger, "NHC-2", other.row)
    with ledger.transaction():
        ledger.write("UPDATE patient SET pseudonym = NULL WHERE id = ?", other.row)
        ledger.write(
            "INSERT INTO clinical_item (kind, name, sha256, size_bytes, state, there_sha256,"
            " changed_at_utc) VALUES ('file', 't_clinical.csv', 'ab', 1, 'verified', 'ab', '')"
        )
    sent = what_went(ledger, find(ledger, "NHC-2"), "NHC-2")
    assert (sent.files, sent.is_anything_out) == ((), False)
    assert sent.stays["rows"] == {"not-sent": 1}
    assert len(what_went(ledger, find(ledger, "NHC-1"), "NHC-1").files) == 1


def test_a_volume_of_somebody_without_images_is_found_by_its_json(ledger: Ledger) -> None:
    add_patient(ledger, "NHC-1")
    with ledger.transaction():
        file = ledger.write(
            "INSERT INTO source_file (path, size_bytes, mtime_ns, generation) VALUES (?, 1, 1, 1)",
            b"v.nii",
        )
        said = {PATIENT_ID.tag: "NHC-2", STUDY_UID.tag: "1.9"}
        out = {PATIENT_ID.tag: "EUCAIM-2", STUDY_UID.tag: "2.25.9"}
        ledger.write(
            "INSERT INTO volume (file_id, file_bytes, file_mtime_ns, traits, out_traits, state,"
            " sent_at_utc) VALUES (?, 1, 1, ?, ?, 'verified', '2026-01-01T00:00:00.000Z')",
            file,
            write_traits(Traits(said)),
            write_traits(Traits(out)),
        )
    for name in ("NHC-2", "EUCAIM-2"):
        sent = what_went(ledger, find(ledger, name), name)
        assert [volume.volume.file for volume in sent.volumes] == [file]
        assert sent.subjects == ("EUCAIM-2",)
        assert sent.studies == ()
    assert what_went(ledger, find(ledger, "NHC-1"), "NHC-1").volumes == ()


def test_a_request_without_an_answer_counts_as_maybe_there(ledger: Ledger) -> None:
    patient = add_patient(ledger, "NHC-1", ["verified", "ready", "ready", "failed", "excluded"])
    with ledger.transaction():
        batch = ledger.write("INSERT INTO batch (state) VALUES ('unknown')")
        ledger.write(
            "UPDATE instance SET batch_id = ? WHERE id = ?", batch, patient.instances["ready"][0]
        )
    sent = what_went(ledger, find(ledger, "NHC-1"), "NHC-1")
    assert sent.fates == {"verified": 1, "unsure": 1}
    assert sent.stays == {"instances": {"ready": 1, "failed": 1, "excluded": 1}}
    assert "of 1 it is not known" in withdrawal_values(sent)["went"]


def test_sealed_names_without_the_key_are_refused_and_not_left_out(ledger: Ledger) -> None:
    add_patient(ledger, "NHC-1")
    ledger.names = Names()
    with pytest.raises(UsageError, match="its key was not opened"):
        what_went(ledger, Who(FoundBy.PATIENT_ID, (1,)), "NHC-1")


def test_the_document_holds_no_original_unless_it_is_asked_for(ledger: Ledger) -> None:
    add_patient(ledger, "NHC-1", name="Sommerfeld^Adalbert")
    sent = what_went(ledger, find(ledger, "NHC-1"), "NHC-1")
    told = str(document(ledger, sent, identifiers=False))
    assert ("NHC-1" in told, "1.2.3.1" in told, "EUCAIM-00001" in told) == (False, False, True)
    asked = document(ledger, sent, identifiers=True)
    assert asked["originals"][0]["patient_id"] == "NHC-1"


def test_where_files_go_as_they_are_no_ticket_names_the_subject(tmp_path: Path) -> None:
    (tmp_path / "as-is").mkdir()
    with cohort(tmp_path / "as-is", None) as ledger:
        add_patient(ledger, "NHC-1")
        sent = what_went(ledger, find(ledger, "NHC-1"), "NHC-1")
        values = withdrawal_values(sent)
        assert (values["subject"], values["studies"]) == (SECRETLY, "")
        assert document(ledger, sent, identifiers=False)["subjects"] is None
