"""What XNAT would stumble over is said before a byte is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from adapters.xnat.node import XnatNode
from tests.adapters.xnat.scripted import ScriptedXnat, document, page, table
from transfer.errors import NotAllowed
from transfer.node import Objection, SeriesPlan, StudyPlan
from transfer.values import SeriesInstanceUID, StudyInstanceUID, StudyRef

LABEL = "SUBJ-001_c47f5b18"


def plan(key: str, uid: str, patient: str, numbers: Sequence[str] = ("1", "2")) -> StudyPlan:
    series = [
        SeriesPlan(SeriesInstanceUID(f"{uid}.{n}"), number, "CT", 10)
        for n, number in enumerate(numbers)
    ]
    return StudyPlan(key, StudyRef(StudyInstanceUID(uid), patient), series)


def there(
    xnat: ScriptedXnat,
    sessions: Sequence[dict[str, str]] = (),
    subjects: Sequence[str] = (),
    rows: Sequence[dict[str, str]] = (),
) -> None:
    xnat.tell("GET", "/data/projects/P/experiments", table(*sessions))
    xnat.tell("GET", "/data/projects/P/subjects", table(*({"label": s} for s in subjects)))
    xnat.tell("GET", "/data/prearchive/projects/P", table(*rows))


async def ask(node: XnatNode, *plans: StudyPlan) -> Sequence[Objection]:
    async def given() -> AsyncIterator[StudyPlan]:
        for one in plans:
            yield one

    return await node.objections(given(), "P")


def rules(objections: Sequence[Objection]) -> list[tuple[str, str, str]]:
    return [(o.rule, o.severity, o.key) for o in objections]


async def test_an_ordinary_transfer_meets_no_objection(node: XnatNode, xnat: ScriptedXnat) -> None:
    there(xnat, subjects=["SUBJ-001"])
    plans = [plan("a", "1.2.3", "SUBJ-001"), plan("b", "1.2.4", "SUBJ-001"), plan("c", "1", "S2")]
    assert await ask(node, *plans) == []


async def test_a_transfer_that_goes_on_meets_no_objection(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    ours = {"ID": "E1", "label": LABEL, "subject_label": "SUBJ-001", "UID": "1.2.3"}
    row = {"project": "P", "tag": "1.2.3", "name": LABEL, "timestamp": "1", "status": "READY"}
    there(xnat, [ours], ["SUBJ-001"], [row])
    assert await ask(node, plan("a", "1.2.3", "SUBJ-001")) == []


@pytest.mark.parametrize(("one", "other"), [("A.1", "A_1"), ("A-1", "a-1"), ("Ä", "Ö")])
async def test_two_patients_whose_labels_xnat_takes_for_one_are_in_the_way(
    node: XnatNode, xnat: ScriptedXnat, one: str, other: str
) -> None:
    there(xnat)
    found = await ask(node, plan("a", "1.1", one + "x"), plan("b", "1.2", other + "x"))
    assert rules(found) == [("subject-labels-collide", "block", "b")]
    assert one not in found[0].message + found[0].remedy


async def test_a_patient_id_that_gives_no_label_is_a_warning(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    there(xnat)
    found = await ask(node, plan("a", "1.1", ""))
    assert rules(found) == [("patient-id-gives-no-label", "warn", "a")]


async def test_a_repeated_series_number_is_a_warning(node: XnatNode, xnat: ScriptedXnat) -> None:
    there(xnat)
    found = await ask(node, plan("a", "1.1", "S", ["5", "5 ", ""]), plan("b", "1.2", "S", ["", ""]))
    assert rules(found) == [("series-number-repeats", "warn", "a")]


async def test_a_session_label_of_another_study_is_in_the_way(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    there(xnat, [{"ID": "E1", "label": LABEL, "subject_label": "SUBJ-001", "UID": "9.9"}])
    found = await ask(node, plan("a", "1.2.3", "SUBJ-001"))
    assert rules(found) == [("session-label-taken", "block", "a")]


async def test_where_the_listing_tells_no_study_uid_the_session_is_read(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    there(xnat, [{"ID": "E1", "label": LABEL}])
    item = {"items": [{"data_fields": {"ID": "E1", "label": LABEL, "UID": "9.9"}}]}
    xnat.tell("GET", "/data/experiments/E1", document(item))
    found = await ask(node, plan("a", "1.2.3", "SUBJ-001"))
    assert rules(found) == [("session-label-taken", "block", "a")]


@pytest.mark.parametrize(
    ("label", "subject"), [("OTHER", "SUBJ-001"), (LABEL, "SUBJ-777"), ("OTHER", "")]
)
async def test_a_study_archived_under_another_label_is_in_the_way(
    node: XnatNode, xnat: ScriptedXnat, label: str, subject: str
) -> None:
    there(xnat, [{"ID": "E1", "label": label, "subject_label": subject, "UID": "1.2.3"}])
    found = await ask(node, plan("a", "1.2.3", "SUBJ-001"))
    assert rules(found) == [("study-archived-under-another-label", "block", "a")]


async def test_a_subject_spelled_otherwise_on_the_node_is_in_the_way(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    there(xnat, subjects=["subj-001"])
    found = await ask(node, plan("a", "1.2.3", "SUBJ-001"))
    assert rules(found) == [("subject-in-another-spelling", "block", "a")]


async def test_a_study_that_waits_under_another_label_is_a_warning(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    there(xnat, rows=[{"project": "P", "tag": "1.2.3", "name": "OTHER", "timestamp": "1"}])
    found = await ask(node, plan("a", "1.2.3", "SUBJ-001"))
    assert rules(found) == [("study-waits-under-another-label", "warn", "a")]


async def test_a_project_that_is_not_there_is_told(node: XnatNode, xnat: ScriptedXnat) -> None:
    xnat.tell("GET", "/data/projects/P/experiments", page(404, "Not Found"))
    with pytest.raises(NotAllowed, match="no project P"):
        await ask(node, plan("a", "1.2.3", "SUBJ-001"))
