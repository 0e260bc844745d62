"""What a transfer is told about its method when it is made, and what may change afterwards."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.bench import NODE, TRANSFER, in_the_way
from tests.engine.deid_bench import SITE_ID, DeidBench, deid_bench
from tests.engine.test_deidentify import HASHED_ID, UIDS
from transfer.deid.keys.cohort import Explanation, cohort_of, import_key
from transfer.deid.keys.key import new_key
from transfer.deid.recipe import pseudonym
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.workspace import Home


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[DeidBench]:
    with deid_bench(tmp_path) as made:
        made.patient(1)
        yield made


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[DeidBench]:
    """A node that takes de-identified images only."""
    with deid_bench(tmp_path, deidentified="required") as made:
        made.patient(1)
        yield made


def test_the_usual_profile_is_taken_where_the_node_asks_for_de_identified_images(
    strict: DeidBench,
) -> None:
    ran = strict.new("--site-id", SITE_ID)
    assert ran.code == 0, str(ran)
    assert f"eucaim-transfer key import {TRANSFER}" in ran.err
    sent = strict.upload()
    assert sent.code == 0, str(sent)
    assert "A new key was made for this cohort" in sent.err
    assert f"eucaim-transfer key export {TRANSFER} --out FILE" in sent.err
    again = strict.upload()
    assert (again.code, again.complaint) == (0, [])
    assert "by eucaim" in strict.status()["steps"][0]["detail"]
    by = strict.status()["deidentification"]
    assert (by["method"], by["version"], len(by["sha256"])) == ("eucaim", "1.0", 64)
    assert by["key_fingerprint"] in sent.err


def test_a_profile_without_the_site_id_is_refused_with_the_way_to_it(strict: DeidBench) -> None:
    ran = strict.new()
    assert (ran.code, len(ran.complaint)) == (2, 2), str(ran)
    assert "SITE ID missing: see your dashboard profile." in ran.err
    assert strict.program.good("list", "--json").document == {"transfers": []}


def test_an_unmarked_result_needs_a_person_s_word_where_the_node_asks(strict: DeidBench) -> None:
    """The profile of EUCAIM's own tool marks only what had the element before."""
    ran = strict.new("--deid", "lethe", "--site-id", SITE_ID)
    assert ran.code == 0, str(ran)
    refused = strict.upload()
    assert refused.code == 3, str(refused)
    assert "--waive DID-02" in refused.err
    waived = strict.waive("DID-02")
    assert (waived.code, in_the_way(waived.document)) == (0, [])
    assert strict.upload().code == 0
    (one, other) = strict.arrived()
    assert str(one.PatientID) == str(other.PatientID)
    assert "PatientIdentityRemoved" not in one


def test_who_is_held_back_does_not_hold_back_the_others_of_a_strict_node(strict: DeidBench) -> None:
    strict.patient(2, SeriesDescription="Zwingenbberg Thorax")
    assert strict.new("--site-id", SITE_ID).code == 0
    ran = strict.upload()
    assert ran.code == 4, str(ran)
    assert (strict.counts()["verified"], strict.counts()["failed"]) == (2, 2)


def test_nothing_that_may_leave_ends_with_3(bench: DeidBench) -> None:
    bench.new_script(UIDS + '<e en="T" t="00100020" n="i">@quarantine()</e>')
    ran = bench.upload()
    assert ran.code == 3, str(ran)
    assert "None of the 2 instances may leave." in ran.err
    assert bench.sandbox.stored() == {}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<script>\n<e en='T' t='00100020' n='i'>@hashptid(@SITE,this\n", "line"),
        ("<script><e en='T' t='zz100020' n='i'>x</e></script>", "line"),
    ],
)
def test_a_script_that_cannot_be_honoured_makes_no_transfer(
    bench: DeidBench, tmp_path: Path, text: str, what: str
) -> None:
    (tmp_path / "bad.script").write_text(text)
    ran = bench.new("--deid", tmp_path / "bad.script")
    assert (ran.code, len(ran.complaint)) == (2, 2), str(ran)
    assert what in ran.err
    assert bench.program.good("list", "--json").document == {"transfers": []}


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--deid", "no-such-profile"], "cannot be read"),
        (["--deid", "eucaim", "--site-id", "S", "--param", "A=B"], "belong to a script"),
        (["--deid", "none"], "needs a person"),
        (["--pixel-script", "/dev/null"], "has no effect"),
        (["--by", "Somebody"], "a person and a reason"),
    ],
)
def test_an_order_that_cannot_be_is_refused(bench: DeidBench, words: list[str], what: str) -> None:
    ran = bench.new(*words)
    assert (ran.code, len(ran.complaint)) == (2, 2), str(ran)
    assert what in ran.err


def test_what_a_script_surely_does_not_mean_is_told_by_its_line(
    bench: DeidBench, tmp_path: Path
) -> None:
    script = tmp_path / "doubtful.script"
    script.write_text('<script>\n<e en="T" t="00081030" n="d">@foo(this)</e>\n</script>')
    ran = bench.new("--deid", script)
    assert ran.code == 0, str(ran)
    assert "doubtful.script, line 2: there is no function @foo" in ran.err


def test_the_script_in_force_is_a_private_copy_of_the_one_that_was_given(
    bench: DeidBench, tmp_path: Path
) -> None:
    lookup = tmp_path / "lookup.properties"
    lookup.write_text("ptid/HOSP-00177 = SUBJECT-9\n")
    by_table = '<p t="GREETING">none</p><e en="T" t="00100020" n="i">@lookup(this,ptid)</e>'
    comment = '<e en="T" t="00104000" n="c">@always()@param(@GREETING)</e>'
    bench.new_script(UIDS + by_table + comment, "--lookup", lookup, "--param", "GREETING=hello")
    folder = bench.program.home / "transfers" / TRANSFER / "method"
    assert sorted(path.name for path in folder.iterdir()) == ["lookup", "params", "script"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    lookup.unlink()
    (tmp_path / "anonymizer.script").unlink()
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert {(str(o.PatientID), str(o.PatientComments)) for o in bench.arrived()} == {
        ("SUBJECT-9", "hello")
    }


def test_a_script_gets_the_cohort_s_key_and_the_site_without_their_being_typed(
    bench: DeidBench,
) -> None:
    """EUCAIM's own script wants them; as arguments both would stand in the list of processes."""
    name = '<e en="T" t="00100020" n="i">@param(EUCAIM-)@hashptid(@SECRET_KEY,this)</e>'
    site = '<e en="T" t="00080080" n="s">@always()@param(@PROVIDERID)</e>'
    bench.new_script(UIDS + name + site, "--site-id", "SITE-001")
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    key = bench.program.good("key", "show", TRANSFER, "--reveal", "--json").document["key"]
    arrived = bench.arrived()
    assert {str(one.PatientID) for one in arrived} == {pseudonym(key, "HOSP-00177")}
    assert {str(one.InstitutionName) for one in arrived} == {
        "4fc07245c7aef26cb570595f151fccba0fd32eae9d9a5ca41efd665b14fd03ef"
    }


def test_a_copy_that_was_changed_is_not_used(bench: DeidBench) -> None:
    bench.new_script(UIDS + HASHED_ID)
    script = bench.program.home / "transfers" / TRANSFER / "method" / "script"
    script.write_bytes(script.read_bytes().replace(b"@hash(this,8)", b"@keep()"))
    ran = bench.upload()
    assert (ran.code, len(ran.complaint)) == (2, 2), str(ran)
    assert "is gone or was changed" in ran.err
    assert bench.sandbox.stored() == {}


def test_a_key_that_was_used_before_is_brought_in_before_anything_goes(bench: DeidBench) -> None:
    """The golden cases' key and what Lethe makes of this patient with it."""
    bench.new_eucaim()
    key = "019a39ba16da7edb9e906440a48e9ed32"
    ran = bench.program.run("key", "import", TRANSFER, typed=f"{key}\n")
    assert ran.code == 0, str(ran)
    bench.image(1, 0, PatientID="HOSP0004", StudyInstanceUID="1.3.4", SeriesInstanceUID="1.4.4")
    assert bench.upload().code == 0
    ids = {str(one.PatientID) for one in bench.arrived()}
    assert "EUCAIM-303169448917978981465802042510721317644" in ids
    assert len(ids) == 2


def test_another_key_before_anything_went_makes_everything_anew(bench: DeidBench) -> None:
    bench.new_eucaim()
    assert bench.check().code == 0
    before = _prepared(bench)
    _import_another_key(bench)
    assert bench.upload().code == 0
    assert before.isdisjoint(_prepared(bench))
    assert bench.counts()["verified"] == 2


def test_another_key_after_something_went_is_refused(bench: DeidBench) -> None:
    bench.new_eucaim()
    assert bench.upload().code == 0
    bench.patient(2)
    _import_another_key(bench)
    ran = bench.upload()
    assert (ran.code, len(ran.complaint)) == (2, 2), str(ran)
    assert "second identity" in ran.err
    assert len(bench.sandbox.stored()) == 2


def test_another_key_is_refused_for_what_the_node_acknowledged_and_did_not_keep(
    bench: DeidBench,
) -> None:
    """It may lie there still: in quarantine, in a prearchive, or in a listing that is late."""
    bench.new_eucaim()
    assert bench.upload().code == 0
    with Ledger.open(_ledger_path(bench)) as ledger, ledger.transaction():
        ledger.write("UPDATE instance SET state = 'failed', reason = 'It was not listed.'")
    _import_another_key(bench)
    ran = bench.upload()
    assert (ran.code, len(ran.complaint)) == (2, 2), str(ran)
    assert "second identity" in ran.err
    assert len(bench.sandbox.stored()) == 2


def _prepared(bench: DeidBench) -> set[bytes]:
    with Ledger.open(_ledger_path(bench), read_only=True) as ledger:
        return {row[0] for row in ledger.rows("SELECT out_sop_instance_uid FROM instance")}


def _import_another_key(bench: DeidBench) -> None:
    with Ledger.open(_ledger_path(bench), read_only=True) as ledger:
        cohort = cohort_of(read_order(ledger))
    assert cohort.node == NODE
    home = Home.at(bench.program.home)
    import_key(home, cohort, new_key(), None, Explanation("Dr Data", "the old one was a trial"))


def _ledger_path(bench: DeidBench) -> Path:
    return bench.program.home / "transfers" / TRANSFER / "ledger.sqlite"
