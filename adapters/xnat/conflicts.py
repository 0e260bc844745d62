"""What XNAT would stumble over, seen before a byte is sent: labels, Studies, Series Numbers.

A conflict found by the server comes after hours of sending and needs its web pages to settle;
here it costs three listings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from adapters.xnat.calls import Calls
from adapters.xnat.catalogue import Catalogue, cell
from adapters.xnat.labels import Labels, is_made_up, labels_of, subject_key
from adapters.xnat.prearchive import Prearchive, is_ours
from adapters.xnat.refusals import no_project
from adapters.xnat.wire import segment
from transfer.node import Objection, StudyPlan
from transfer.values import StudyInstanceUID, StudyRef

_RENAME = (
    "Give the patients pseudonyms that differ in letters and digits, not only in case or in other "
    "characters, and scan again."
)


@dataclass(frozen=True, slots=True)
class Archived:
    """A session in the project; `study_uid` is empty where the listing does not tell it."""

    id: str
    label: str
    subject: str
    study_uid: str


@dataclass(frozen=True, slots=True)
class Present:
    """What is in the project already, by what a conflict would be about."""

    by_label: dict[str, Archived] = field(default_factory=dict)
    by_study: dict[str, Archived] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)


async def present(calls: Calls, project: str) -> Present:
    """Sessions and subjects of the project.

    Raises:
        NotAllowed: there is no such project, or it cannot be seen.
    """
    base = f"/data/projects/{segment(project)}"
    sessions = await calls.table(
        f"{base}/experiments",
        {"columns": "ID,label,subject_label,UID,xsiType", "xsiType": "xnat:imageSessionData"},
    )
    subjects = await calls.table(f"{base}/subjects", {"columns": "ID,label"})
    if sessions is None or subjects is None:
        raise no_project(project, calls.node)
    found = Present()
    for row in sessions:
        session = Archived(
            cell(row, "ID"), cell(row, "label"), cell(row, "subject_label"), cell(row, "UID")
        )
        found.by_label[session.label.lower()] = session
        if session.study_uid:
            found.by_study[session.study_uid] = session
    for row in subjects:
        found.subjects[cell(row, "label").lower()] = cell(row, "label")
    return found


class Conflicts:
    """Compares what is to be sent with itself and with what the node has."""

    def __init__(self, calls: Calls, prearchive: Prearchive, catalogue: Catalogue) -> None:
        self._calls = calls
        self._prearchive = prearchive
        self._catalogue = catalogue

    async def objections(
        self, studies: AsyncIterator[StudyPlan], project: str
    ) -> Sequence[Objection]:
        """As `Node.objections`."""
        there = await present(self._calls, project)
        waiting = {row.tag: row for row in await self._prearchive.rows(project)}
        among = AmongThemselves()
        found: list[Objection] = []
        async for plan in studies:
            labels = labels_of(plan.study)
            found += repeated_numbers(plan)
            if is_made_up(plan.study):
                found.append(
                    Objection(
                        "patient-id-gives-no-label",
                        "warn",
                        plan.key,
                        "The Patient ID is empty or has nothing in it that XNAT takes for a "
                        "label; the subject will be called by a number made from it.",
                        "Give the patient a pseudonym of letters and digits, and scan again, if "
                        "people are to find the subject by its label.",
                    )
                )
            found += among.objections(plan, labels)
            found += await self._with_the_node(plan, labels, there)
            row = waiting.get(plan.study.study_uid)
            if row is not None and not is_ours(row, plan.study, labels):
                found.append(
                    Objection(
                        "study-waits-under-another-label",
                        "warn",
                        plan.key,
                        "This Study also waits in the project's prearchive under another label.",
                        "Have its owner archive or delete that entry, or the Study may be there "
                        "twice.",
                    )
                )
        return found

    async def _with_the_node(
        self, plan: StudyPlan, labels: Labels, there: Present
    ) -> Sequence[Objection]:
        found: list[Objection] = []
        spelled = there.subjects.get(labels.subject.lower())
        if spelled is not None and spelled != labels.subject:
            found.append(
                _block(
                    plan,
                    "subject-in-another-spelling",
                    "The project has a subject whose label differs from this patient's only in "
                    "upper and lower case; XNAT would take both for one.",
                    _RENAME,
                )
            )
        session = there.by_label.get(labels.session.lower())
        if session is not None and not await self._is_of(session, plan.study):
            found.append(
                _block(
                    plan,
                    "session-label-taken",
                    "The project has a session of the label that this Study would get, and it "
                    "belongs to another Study.",
                    "Ask the project's owner to rename or delete that session.",
                )
            )
        elsewhere = there.by_study.get(plan.study.study_uid)
        if elsewhere is not None and (
            elsewhere.label != labels.session
            or (elsewhere.subject and elsewhere.subject.lower() != labels.subject.lower())
        ):
            found.append(
                _block(
                    plan,
                    "study-archived-under-another-label",
                    "This Study is in the project already, under another session or subject label.",
                    "Leave it out of this transfer, or have the project's owner delete that "
                    "session first.",
                )
            )
        return found

    async def _is_of(self, session: Archived, study: StudyRef) -> bool:
        uid = session.study_uid
        if not uid:
            # The listing of this version leaves the column out; the session itself tells.
            read = await self._catalogue.session_by_id(session.id)
            uid = read.study_uid if read else ""
        return not uid or uid == study.study_uid


class AmongThemselves:
    """Labels that two different patients, or two different Studies, of one transfer would share."""

    def __init__(self) -> None:
        self._patients: dict[str, str] = {}
        self._studies: dict[str, StudyInstanceUID] = {}

    def objections(self, plan: StudyPlan, labels: Labels) -> Sequence[Objection]:
        found = []
        patient = plan.study.patient_id.strip(" \0")
        first = self._patients.setdefault(subject_key(labels.subject), patient)
        if first != patient:
            found.append(
                _block(
                    plan,
                    "subject-labels-collide",
                    "Two patients of this transfer would get the same subject label: XNAT turns "
                    "every character but letters, digits, _ and - into _, and ignores case.",
                    _RENAME,
                )
            )
        study = self._studies.setdefault(labels.session.lower(), plan.study.study_uid)
        if study != plan.study.study_uid and first == patient:
            found.append(
                _block(
                    plan,
                    "session-labels-collide",
                    "Two Studies of one patient would get the same session label.",
                    "Send one of the two in a transfer to another project, and tell us.",
                )
            )
        return found


def repeated_numbers(plan: StudyPlan) -> Sequence[Objection]:
    """XNAT names scans after the Series Number: the second one of a number is renamed."""
    counts = Counter(s.series_number.strip() for s in plan.series if s.series_number.strip())
    if all(count == 1 for count in counts.values()):
        return []
    return [
        Objection(
            "series-number-repeats",
            "warn",
            plan.key,
            "Two Series of this Study have the same Series Number; the node will rename one of "
            "them (5 becomes 5-CT1, for example).",
            "Nothing to do: they are told apart by their UIDs. Tell those who read scans by "
            "number.",
        )
    ]


def _block(plan: StudyPlan, rule: str, message: str, remedy: str) -> Objection:
    return Objection(rule, "block", plan.key, message, remedy)
