"""How header rules are asked."""

from __future__ import annotations

from pathlib import Path

from tests.quality.cohort import AS_IS, scanned
from tests.quality.faults import Cohort
from transfer.quality.attributes import BODY_PART, MODALITY, Traits
from transfer.quality.headers import of_headers
from transfer.quality.rule import Circumstances, Dimension, HeaderRule, Problem, Severity


def test_a_rule_sees_nothing_but_what_it_says_that_it_reads(tmp_path: Path) -> None:
    """Its answer is kept for all headers that agree in that, so nothing else may weigh in it."""
    seen: list[tuple[str, str]] = []

    def judge(traits: Traits, _: Circumstances) -> Problem | None:
        seen.append((traits[MODALITY], traits[BODY_PART]))
        return Problem(Severity.WARN, "{n} images.")

    rule = HeaderRule(
        id="TST-01",
        title="A test",
        dimension=Dimension.VALID,
        remedy="Nothing to do.",
        reads=(MODALITY,),
        judge=judge,
    )
    source = Cohort().set(3, Modality="MR").write(tmp_path / "source")
    with scanned(source, tmp_path / "home") as ledger:
        found = [one for _, one in of_headers(ledger, [rule], AS_IS)]
    assert [(one.key, one.n) for one in found] == [("E1", 2), ("E2", 2), ("E3", 2), ("E4", 2)]
    # Asked once for three Series of CT, once for one of MR.
    assert sorted(seen) == [("CT", ""), ("MR", "")]
