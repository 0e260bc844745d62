"""What any node that takes clinical data must keep of the promise in `transfer.node.Node`.

An adapter enters by subclassing `SubjectConformance`, `FileConformance` or both, one class each,
and giving it a `place`. Nothing here knows which node it is, nor what its documents look like.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conformance.volumes import MadeFile
from transfer.clinical.leaving import (
    ClinicalField,
    ClinicalItem,
    ClinicalSubject,
    ClinicalVerdict,
    ClinicalWay,
    Held,
    SubjectTable,
)
from transfer.errors import NodeError
from transfer.node import Node
from transfer.values import ExitCode

STORED, DIFFERS, REFUSED = ClinicalVerdict.STORED, ClinicalVerdict.DIFFERS, ClinicalVerdict.REFUSED
FIELDS = (
    ClinicalField("PatientID", "patient", "identifier"),
    ClinicalField("Sex", "sex", "term"),
    ClinicalField("Age at diagnosis", "age-at-diagnosis", "years"),
    ClinicalField("Date of diagnosis", "diagnosis-date", "date"),
    ClinicalField("Timepoint", "timepoint", "number"),
    ClinicalField("Relative days", "relative-day", "days"),
    ClinicalField("Tumour size (mm)"),
    ClinicalField("Comment"),
)
Pair = tuple[ClinicalItem, ClinicalItem]
_numbers = itertools.count(1)


@dataclass(frozen=True)
class ClinicalPlace:
    """A running node as this suite needs it.

    `open` gives an adapter that may sign in, `stranger` one whose credential is wrong, `nowhere`
    one whose server does not exist. `fresh_subject` puts a subject that no other test uses on the
    node, as its images would; `refuse` has the node refuse the data of a subject from now on.
    `destination` holds no clinical data yet.
    `secrets` are texts that nothing may show.
    """

    destination: str
    open: Callable[[], Node]
    stranger: Callable[[], Node]
    nowhere: Callable[[], Node]
    fresh_subject: Callable[[], str]
    refuse: Callable[[str], None]
    secrets: Sequence[str] = ()


def subject_data(pseudonym: str, *, size: str = "23.5", rows: int = 2) -> ClinicalSubject:
    """A patient with one row for each timepoint; texts as strange as tables hold them."""
    made = tuple(
        (pseudonym, "Female", "61.5", "2019-03-01", str(n), str(30 * n - 42), size, "ø, \"b\"\né")
        for n in range(1, rows + 1)
    )  # fmt: skip
    return ClinicalSubject(pseudonym, (SubjectTable("clinical", FIELDS, made),))


def subject_item(node: Node, subject: ClinicalSubject) -> ClinicalItem:
    """What the engine makes of a subject."""
    document = node.clinical_document(subject)
    file = MadeFile(document.name, document.content)
    return ClinicalItem(file, subject.pseudonym, document.media_type, "JSON", "clinical")


def file_item(content: bytes, name: str = "") -> ClinicalItem:
    """A clinical table for the project, under a name that no other test uses."""
    file = MadeFile(name or f"made{next(_numbers)}_clinical.csv", content)
    return ClinicalItem(file, "", "text/csv", "CSV", "clinical")


def table(subjects: Sequence[str], size: str = "23.5") -> bytes:
    """A clinical table of these subjects, as it leaves."""
    lines = ["PatientID,Sex,Size", *(f"{subject},Female,{size}" for subject in subjects)]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _contents(folder: Path) -> tuple[list[bytes], set[int]]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path.read_bytes() for path in files], {p.stat().st_mode & 0o777 for p in files}


class ClinicalConformance:
    """The tests that hold for subjects and files alike."""

    @pytest.fixture
    def place(self) -> ClinicalPlace:
        raise NotImplementedError("a subclass says which node")

    @pytest.fixture
    async def node(self, place: ClinicalPlace) -> AsyncIterator[Node]:
        opened = place.open()
        try:
            yield opened
        finally:
            await opened.aclose()

    @pytest.fixture
    async def way(self, place: ClinicalPlace, node: Node) -> ClinicalWay:
        return await node.clinical_way(place.destination)

    @pytest.fixture
    async def pair(self, place: ClinicalPlace, node: Node) -> Pair:
        """Two items for the same place that say different things."""
        raise NotImplementedError("a subclass says what is sent")

    async def test_there_is_a_way_and_nothing_in_it(self, way: ClinicalWay) -> None:
        assert way.by_subject or way.by_file
        assert [o for o in way.objections if o.severity == "block"] == []
        assert way.max_concurrency >= 1

    async def test_what_was_sent_is_read_back_the_same(
        self, place: ClinicalPlace, node: Node, pair: Pair
    ) -> None:
        assert await node.held_clinical(pair[0], place.destination) is Held.NOTHING
        outcome = await node.send_clinical(pair[0], place.destination)
        assert (outcome.verdict, await node.held_clinical(pair[0], place.destination)) == (
            STORED,
            Held.SAME,
        )

    async def test_sending_again_is_harmless(
        self, place: ClinicalPlace, node: Node, pair: Pair
    ) -> None:
        outcomes = [await node.send_clinical(pair[0], place.destination) for _ in range(3)]
        assert [o.verdict for o in outcomes] == [STORED, STORED, STORED]
        assert await node.held_clinical(pair[0], place.destination) is Held.SAME

    async def test_other_data_are_not_written_over(
        self, place: ClinicalPlace, node: Node, pair: Pair
    ) -> None:
        first, other = pair
        await node.send_clinical(first, place.destination)
        outcome = await node.send_clinical(other, place.destination)
        assert outcome.verdict is DIFFERS
        assert outcome.reason
        assert await node.held_clinical(first, place.destination) is Held.SAME
        assert await node.held_clinical(other, place.destination) is Held.OTHER

    async def test_other_data_are_written_over_when_it_is_asked_for(
        self, place: ClinicalPlace, node: Node, pair: Pair
    ) -> None:
        first, other = pair
        await node.send_clinical(first, place.destination)
        outcome = await node.send_clinical(other, place.destination, overwrite=True)
        assert outcome.verdict is STORED
        assert await node.held_clinical(other, place.destination) is Held.SAME
        assert await node.held_clinical(first, place.destination) is Held.OTHER

    async def test_a_wrong_credential_stores_nothing(
        self, place: ClinicalPlace, node: Node, pair: Pair
    ) -> None:
        stranger = place.stranger()
        try:
            with pytest.raises(NodeError) as refused:
                await stranger.send_clinical(pair[0], place.destination)
        finally:
            await stranger.aclose()
        assert refused.value.exit_code == ExitCode.SIGN_IN
        assert await node.held_clinical(pair[0], place.destination) is Held.NOTHING

    async def test_where_no_node_is_sending_and_reading_end_in_an_error_of_ours(
        self, place: ClinicalPlace, pair: Pair
    ) -> None:
        lost = place.nowhere()
        try:
            with pytest.raises(NodeError) as refused:
                await lost.send_clinical(pair[0], place.destination)
            with pytest.raises(NodeError) as unread:
                await lost.held_clinical(pair[0], place.destination)
        finally:
            await lost.aclose()
        assert refused.value.retry.allowed
        assert unread.value.retry.allowed

    async def test_a_rehearsal_writes_the_data_sends_nothing_and_shows_no_secret(
        self,
        place: ClinicalPlace,
        node: Node,
        pair: Pair,
        tmp_path: Path,
    ) -> None:
        folder = tmp_path / "rehearsal"
        folder.mkdir()
        await node.rehearse_clinical(pair[0], place.destination, folder)
        written, modes = _contents(folder)
        data = b"".join(pair[0].file.pieces())
        assert any(data in content for content in written)
        assert not [s for s in place.secrets for content in written if s.encode() in content]
        assert modes == {0o600}
        assert await node.held_clinical(pair[0], place.destination) is Held.NOTHING


class SubjectConformance(ClinicalConformance):
    """What is sent is a document for each subject."""

    @pytest.fixture
    async def pair(self, place: ClinicalPlace, node: Node) -> Pair:
        subject = place.fresh_subject()
        one, other = subject_data(subject), subject_data(subject, size="24")
        return subject_item(node, one), subject_item(node, other)

    async def test_it_takes_subjects(self, way: ClinicalWay) -> None:
        assert way.by_subject

    async def test_the_same_data_give_the_same_document(self, node: Node) -> None:
        one, again = (node.clinical_document(subject_data("SUBJ-9")) for _ in range(2))
        assert one == again
        assert node.clinical_document(subject_data("SUBJ-9", size="24")).content != one.content

    @pytest.mark.parametrize("pseudonym", ["SUBJ-1", "a/b", "..", "C:\\x", "é ü", "x" * 300, "-"])
    async def test_the_name_of_a_document_fits_any_file_system(
        self, node: Node, pseudonym: str
    ) -> None:
        name = node.clinical_document(subject_data(pseudonym)).name
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}", name)

    async def test_two_subjects_never_share_a_name(self, node: Node) -> None:
        pseudonyms = ["a/b", "a_b", "a b", "a\\b", "x" * 300, "x" * 301]
        names = [node.clinical_document(subject_data(p)).name for p in pseudonyms]
        assert len(set(names)) == len(pseudonyms)

    async def test_a_refused_subject_is_told_and_the_others_stand(
        self, place: ClinicalPlace, node: Node
    ) -> None:
        subjects = [place.fresh_subject() for _ in range(3)]
        place.refuse(subjects[1])
        items = [subject_item(node, subject_data(subject)) for subject in subjects]
        outcomes = [await node.send_clinical(item, place.destination) for item in items]
        assert [o.verdict for o in outcomes] == [STORED, REFUSED, STORED]
        assert outcomes[1].reason
        assert outcomes[1].reason.isprintable()
        held = [await node.held_clinical(item, place.destination) for item in items]
        assert held == [Held.SAME, Held.NOTHING, Held.SAME]

    async def test_a_subject_that_the_node_does_not_know_is_refused(
        self, place: ClinicalPlace, node: Node
    ) -> None:
        item = subject_item(node, subject_data("NOBODY-HAS-THIS-ID"))
        assert await node.held_clinical(item, place.destination) is Held.NOTHING
        outcome = await node.send_clinical(item, place.destination)
        assert outcome.verdict is REFUSED
        assert outcome.reason

    async def test_subjects_may_go_at_once(
        self, place: ClinicalPlace, node: Node, way: ClinicalWay
    ) -> None:
        subjects = [place.fresh_subject() for _ in range(way.max_concurrency)]
        items = [subject_item(node, subject_data(subject)) for subject in subjects]
        outcomes = await asyncio.gather(*(node.send_clinical(i, place.destination) for i in items))
        assert {o.verdict for o in outcomes} == {STORED}
        held = [await node.held_clinical(item, place.destination) for item in items]
        assert set(held) == {Held.SAME}


class FileConformance(ClinicalConformance):
    """What is sent is a whole file for the project."""

    @pytest.fixture
    async def pair(self, place: ClinicalPlace, node: Node) -> Pair:
        subject = place.fresh_subject()
        first = file_item(table([subject]))
        return first, file_item(table([subject], "24"), first.file.name)

    async def test_it_takes_files(self, way: ClinicalWay) -> None:
        assert way.by_file
