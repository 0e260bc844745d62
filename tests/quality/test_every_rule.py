"""What holds for all rules together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.quality import test_deidentified, test_files, test_imaging, test_unique
from tests.quality.annotated import annotated, segment, segmentation
from tests.quality.cohort import AS_IS, PATIENTS, scanned
from tests.quality.faults import Cohort, Fault, found_of, judged
from transfer.ledger.findings import read_findings, settle_findings
from transfer.quality.attributes import READ, Traits
from transfer.quality.dimensions import dimensions
from transfer.quality.doc import with_table
from transfer.quality.judging import in_force, judge
from transfer.quality.rule import Dimension, HeaderRule, Rule, Severity
from transfer.quality.rules import BY_ID, RULES

FAULTS = [
    *test_imaging.FAULTS,
    *test_files.FAULTS,
    *test_unique.FAULTS,
    *test_deidentified.FAULTS,
]
_TOLD = re.compile(r'\("([A-Z]+-\d\d)", (?:"\w+(?:\.dcm)?"|\w+), "(block|ask|warn|info)"')


def _planted() -> Iterator[tuple[str, str]]:
    """Every rule and severity that a test expects of a fault."""
    folder = Path(__file__).parent.parent
    for path in sorted(folder.rglob("*.py")):
        yield from _TOLD.findall(path.read_text(encoding="utf-8"))


def test_every_rule_is_told_by_a_test_that_plants_its_fault() -> None:
    """Whoever adds a rule plants its fault in a clean cohort too, and says all that is found."""
    planted = {rule for rule, _ in _planted()}
    assert "IMG-03" in planted
    assert sorted(set(BY_ID) - planted) == []


def test_a_rule_says_how_heavy_its_findings_can_be() -> None:
    """What docs/checks.md promises; each is planted, and none comes that is not promised."""
    planted = {(rule, severity) for rule, severity in _planted() if rule in BY_ID}
    assert ("IMG-03", "warn") in planted
    assert planted == {(rule.id, s.value) for rule in RULES for s in rule.severities}


def test_the_document_of_the_rules_is_current() -> None:
    """`python -m transfer.quality.doc docs/checks.md` brings it up to date."""
    text = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")
    assert with_table(text) == text
    assert [rule.id for rule in RULES if f"\n| {rule.id} | {rule.title}" not in text] == []


def test_no_two_rules_have_one_id() -> None:
    assert len(RULES) > 30
    assert len(BY_ID) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_it_is_about_and_what_to_do(rule: Rule) -> None:
    assert re.fullmatch(r"[A-Z]{3}-\d\d", rule.id)
    assert rule.title
    assert rule.remedy.strip() == rule.remedy != ""
    assert len({choice.word for choice in rule.choices}) == len(rule.choices)
    assert (rule.accepts is None) == (rule.asks_for == "")


def test_what_rules_read_is_kept_of_a_header() -> None:
    read = {attribute for rule in RULES for attribute in rule.reads}
    assert read
    assert read == READ


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_no_finding_tells_who_somebody_is_or_what_a_header_says(
    fault: Fault, tmp_path: Path
) -> None:
    """Findings are shown, exported and logged."""
    planted = {
        "PatientName": "Quackenbush^Zelda",
        "StudyInstanceUID": "1.2.826.77777.1",
        "Manufacturer": "Zeldamaker",
    }

    def plant(cohort: Cohort) -> None:
        for image in cohort.images:
            image.PatientName = planted["PatientName"]
        fault.plant(cohort)

    found = found_of(replace(fault, plant=plant), tmp_path)
    assert found
    for finding in found:
        said = f"{finding.message} {finding.remedy}"
        for secret in (*PATIENTS, "Quackenbush", "Zelda", "CAT", "ELSEWHERE", "1.2.826", "1.3.12"):
            assert secret not in said
        # Files are named after patients in many places.
        assert ".dcm" not in said
        assert said.isprintable()


def test_the_gate_integrity_stops_at_damage_and_at_what_is_there_twice_only() -> None:
    integrity = replace(AS_IS, gate="integrity")
    stops = {
        rule.id for rule in RULES if in_force(rule, Severity.BLOCK, integrity) is Severity.BLOCK
    }
    assert {"IMG-07", "IMG-10", "UNQ-02", "UNQ-03", "UNQ-04"} <= stops
    assert {rule for rule in stops if not rule.startswith("UNQ-")} == {"IMG-07", "IMG-10"}


def test_under_the_gate_integrity_a_block_is_a_warning_and_a_question_a_note(
    tmp_path: Path,
) -> None:
    cohort = Cohort().set(1, Modality="").set(2, AcquisitionDate="")
    cohort.files["z.dcm"] = b""
    source = cohort.write(tmp_path / "source")
    found = judged(source, tmp_path / "home", replace(AS_IS, gate="integrity"))
    assert [(f.rule, f.severity) for f in found] == [
        ("IMG-10", "block"),
        ("IMG-02", "warn"),
        ("IMG-06", "info"),
    ]


def test_what_a_person_left_out_says_nothing_of_the_rest_of_its_series(tmp_path: Path) -> None:
    cohort = Cohort()
    cohort.images[0].Modality = ""
    source = cohort.write(tmp_path / "source")
    found = judged(
        source,
        tmp_path / "home",
        before=lambda ledger: ledger.write("UPDATE instance SET state = 'excluded' WHERE id = 1"),
    )
    assert found == []


def test_a_series_that_is_left_out_as_a_whole_keeps_its_finding_at_rest(tmp_path: Path) -> None:
    source = Cohort().set(1, Modality="").write(tmp_path / "source")
    found = judged(
        source,
        tmp_path / "home",
        before=lambda ledger: ledger.write(
            "UPDATE instance SET state = 'excluded' WHERE series_id = 1"
        ),
    )
    assert [(f.rule, f.key, f.standing) for f in found] == [("IMG-02", "E1", "excluded")]


def test_an_answer_holds_for_what_was_open_when_it_was_given(tmp_path: Path) -> None:
    """Another image of the same series is within what the person spoke of, another series not."""
    source = Cohort().set(1, Modality="").write(tmp_path / "source")
    with scanned(source, tmp_path / "home") as ledger:
        judge(ledger, AS_IS)
        assert settle_findings(ledger, "IMG-02", None, "waived", "", "Dr A", "agreed") == ["E1"]
        traits = ledger.number("SELECT traits_id FROM instance WHERE series_id = 1 LIMIT 1")
        ledger.write("UPDATE instance SET traits_id = ? WHERE series_id = 2", traits)
        judge(ledger, AS_IS)
        found = read_findings(ledger, rule="IMG-02", standing=None)
    assert {f.key: f.standing for f in found} == {"E1": "waived", "E2": "open"}


def test_each_quality_has_one_line_that_says_what_passed_what_stands_and_what_was_waived(
    tmp_path: Path,
) -> None:
    cohort = annotated(segmentation([segment(SegmentLabel=None)])).set(1, Modality="")
    cohort.set(2, Manufacturer="")
    source = cohort.write(tmp_path / "source")
    with scanned(source, tmp_path / "home") as ledger:
        judge(ledger, AS_IS)
        settle_findings(ledger, "IMG-04", None, "waived", "", "Dr A", "agreed")
        settle_findings(ledger, "SEG-06", None, "answered", "2", "Dr A", "")
        lines = {line.dimension: line for line in dimensions(ledger)}
    assert list(lines) == list(Dimension)
    complete = lines[Dimension.COMPLETE]
    # IMG-02, SEG-02 and the questions SEG-07 to SEG-09 and LNK-03 stand open.
    assert (complete.findings, complete.blocking) == (6, 6)
    # IMG-04 and SEG-06.
    assert complete.waived == 2
    assert complete.rules - complete.passed == 6
    assert lines[Dimension.ACCURATE].findings == 1
    assert (lines[Dimension.UNIQUE].findings, lines[Dimension.UNIQUE].waived) == (0, 0)
    assert lines[Dimension.UNIQUE].passed == lines[Dimension.UNIQUE].rules > 0


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if isinstance(rule, HeaderRule)], ids=lambda rule: rule.id
)
def test_a_header_rule_reads_what_it_judges_by(rule: HeaderRule) -> None:
    """A rule that looks at what the scan does not keep would see it empty for ever."""
    asked: set[int] = set()
    for values in (
        {},
        {0x00080016: "1.2.840.10008.5.1.4.1.1.66.4", 0x00080060: "SEG", 0x00120062: "YES"},
        {0x00080016: "1.2.840.10008.5.1.4.1.1.2", 0x00080060: "CT", 0x00120062: "YES"},
    ):
        rule.judge(Traits(Watched(values, asked)), AS_IS)
    assert asked
    assert asked <= {attribute.tag for attribute in rule.reads}


class Watched(dict[int, str]):
    """Notes which attributes are asked for."""

    def __init__(self, values: Mapping[int, str], asked: set[int]) -> None:
        super().__init__(values)
        self._asked = asked

    def get(self, tag: int, default: Any = "") -> Any:
        self._asked.add(tag)
        return super().get(tag, default)
