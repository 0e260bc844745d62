"""What leaves is judged as well: what the method took away, what it left, and what it made."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.quality.annotated import annotated, segmentation
from tests.quality.cohort import AS_IS, all_findings, scanned
from tests.quality.faults import Cohort
from transfer.deid.keys.key import check_digit
from transfer.deid.look.identifiers import Identifiers
from transfer.deid.methods import MethodSpec, build_method
from transfer.deid.model import Moment, Stretch
from transfer.deid.rewrite import Look, Outgoing, rewrite
from transfer.ledger.connection import Ledger
from transfer.prepare.method import open_method
from transfer.prepare.phase import prepare
from transfer.quality.attributes import REFERENCES
from transfer.quality.document import read_traits
from transfer.quality.judging import judge
from transfer.scan.inspect import inspect_file

PAYLOAD = "1ef0a1b2c3d46e5f8a9b0c1d2e3f4051"
KEY = f"{PAYLOAD}{check_digit(PAYLOAD)}"
KEEPS_ALMOST_ALL = b"""<script>
<e en="T" t="00100010" n="PatientName">Nobody</e>
<e en="T" t="00100020" n="PatientID">@hash(this,8)</e>
</script>"""


def spec(script: bytes | None = None) -> MethodSpec:
    if script is not None:
        return MethodSpec("site.script", script=script)
    return MethodSpec("eucaim", key=KEY, site_id="SITE-7")


def prepared(ledger: Ledger, by: MethodSpec) -> list[tuple[str, str, str, str]]:
    """What is found after everything was de-identified."""
    prepare(ledger, open_method(ledger, by), processes=1, should_stop=lambda: False)
    judge(ledger, replace(AS_IS, method=by.name))
    return sorted(
        (f.rule, f.key, f.severity, f.standing)
        for f in all_findings(ledger)
        if not f.rule.startswith(("AGE", "REL"))
    )


def identified(cohort: Cohort) -> Cohort:
    """As it comes out of a hospital's archive."""
    for number, image in enumerate(cohort.images):
        image.PatientName = f"Zwingen{'abcd'[number // 4]}berg^Ottokar"
        image.PatientID = f"HOSP-00{number // 4}77"
        del image.PatientIdentityRemoved, image.DeidentificationMethod
        del image.LongitudinalTemporalInformationModified
    return cohort


def test_a_profile_takes_private_elements_and_ill_formed_uids_away(tmp_path: Path) -> None:
    cohort = identified(Cohort())
    cohort.set(1, SeriesInstanceUID="1.2.826.03.1")
    block = cohort.images[0].private_block(0x0029, "MAKER", create=True)
    block.add_new(0x10, "LO", "whatever")
    with scanned(cohort.write(tmp_path / "source"), tmp_path / "home") as ledger:
        assert prepared(ledger, spec()) == [("IMG-07", "E1", "block", "mended")]


def test_a_script_that_keeps_almost_all_mends_nothing(tmp_path: Path) -> None:
    cohort = Cohort().set(1, SeriesInstanceUID="1.2.826.03.1", Modality="CAT")
    block = cohort.images[2].private_block(0x0029, "MAKER", create=True)
    block.add_new(0x10, "LO", "whatever")
    with scanned(cohort.write(tmp_path / "source"), tmp_path / "home") as ledger:
        found = [f for f in prepared(ledger, spec(KEEPS_ALMOST_ALL)) if not f[0].startswith("DEID")]
    assert ("IMG-07", "E1", "block", "open") in found
    assert ("IMG-02", "E1", "block", "open") in found
    assert ("DID-04", "E2", "block", "open") in found


def test_new_uids_stand_nowhere_in_the_clear(tmp_path: Path) -> None:
    """The crosswalk from old to new ones is sealed; a segmentation names its source series."""
    source = annotated(segmentation()).write(tmp_path / "source")
    outcome = rewritten(source / "0009.dcm", spec())
    referenced = outcome.identity.series_uid.rpartition(".")[0]
    assert referenced
    assert referenced not in outcome.traits
    assert not read_traits(outcome.traits)[REFERENCES]
    assert outcome.identity.patient_id not in outcome.traits


def rewritten(path: Path, by: MethodSpec) -> Outgoing:
    moment = Moment(dt.datetime.fromisoformat("2026-06-01T12:00"), None)
    made = rewrite(bytes(path), build_method(by), moment, Look(Identifiers()))
    assert isinstance(made, Outgoing), made
    return made


@pytest.mark.parametrize("by", [spec(), spec(KEEPS_ALMOST_ALL)], ids=["profile", "script"])
@pytest.mark.parametrize("made", [None, segmentation()], ids=["image", "segmentation"])
def test_what_is_said_of_what_leaves_is_what_a_scan_of_it_would_say(
    by: MethodSpec, made: Dataset | None, tmp_path: Path
) -> None:
    """Else a fault would come back, or go, with the way it is looked at."""
    cohort = Cohort() if made is None else annotated(made)
    source = cohort.write(tmp_path / "source")
    path = source / f"{len(cohort.images):04}.dcm"
    outcome = rewritten(path, by)
    content = path.read_bytes()
    left = tmp_path / "left.dcm"
    left.write_bytes(
        b"".join(
            piece if isinstance(piece, bytes) else content[piece.offset :][: piece.length]
            for piece in outcome.pieces
            if isinstance(piece, bytes | Stretch)
        )
    )
    facts = inspect_file(bytes(left))
    assert facts.header is not None
    scanned_again = dict(read_traits(facts.header.traits).values)
    scanned_again.pop(REFERENCES.tag, None)
    assert dict(read_traits(outcome.traits).values) == scanned_again
    assert scanned_again[0x00080060] in ("CT", "SEG")
