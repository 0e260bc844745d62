"""The import service: one tar for each Series, into our project and nowhere else.

`rename=true` names what arrives after its UIDs, so that a repetition overwrites itself;
`prevent_auto_commit` and `SOURCE=uploader` keep XNAT's timer off until `commit_study`. Labels go
in both spellings, since versions differ in which one they read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from adapters.rehearsals import write_request
from adapters.xnat import package
from adapters.xnat.calls import Body, Calls
from adapters.xnat.labels import Labels, labels_of
from adapters.xnat.options import PROJECT_ID
from adapters.xnat.pages import said
from adapters.xnat.refusals import Meaning, busy, disk_full, meaning_of, no_project
from adapters.xnat.wire import Answer, address, unreadable
from transfer.errors import NotAllowed, UsageError
from transfer.leaving import OutgoingInstance
from transfer.node import Batch, InstanceOutcome, OnBytes, Verdict
from transfer.values import SeriesRef, StudyInstanceUID, StudyRef

PATH = "/data/services/import"
_ADDRESS = re.compile(r"(?:/data)?/(?P<place>prearchive|archive)/projects/(?P<project>[^/]+)/.")
_ENTRY = re.compile(r"/prearchive/projects/[^/]+/(\d{8}_\d{9})/")


@dataclass
class _Gate:
    """The first request of a Study makes its row in the prearchive; the others wait for it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_open: bool = False


class _Counter:
    """Counts bytes on, and takes them back when a request starts over."""

    def __init__(self, on_bytes: OnBytes) -> None:
        self._on_bytes = on_bytes
        self._moved = 0

    def add(self, size_bytes: int) -> None:
        self._moved += size_bytes
        self._on_bytes(size_bytes)

    def rewind(self) -> None:
        moved, self._moved = self._moved, 0
        if moved:
            self._on_bytes(-moved)


class Importer:
    """Sends batches to one node."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._gates: dict[StudyInstanceUID, _Gate] = {}

    async def send(self, batch: Batch, on_bytes: OnBytes) -> Sequence[InstanceOutcome]:
        """As `Node.send`: one request for each Series in the batch."""
        project = project_of(batch.destination)
        outcomes: list[InstanceOutcome] = []
        for series, instances in by_series(batch.instances).items():
            labels = labels_of(series.study)
            request = _Request(self._calls, project, series.study, labels)
            outcomes += await self._in_turn(request, instances, on_bytes)
        return outcomes

    def forget(self, study: StudyRef) -> None:
        """The row of this Study is gone or about to go: the next request makes another one."""
        self._gates.pop(study.study_uid, None)

    async def _in_turn(
        self, request: _Request, instances: Sequence[OutgoingInstance], on_bytes: OnBytes
    ) -> Sequence[InstanceOutcome]:
        gate = self._gates.setdefault(request.study.study_uid, _Gate())
        if not gate.is_open:
            async with gate.lock:
                if not gate.is_open:
                    outcomes = await request.together(instances, on_bytes)
                    gate.is_open = True
                    return outcomes
        return await request.together(instances, on_bytes)


class _Request:
    """Imports into one session."""

    def __init__(self, calls: Calls, project: str, study: StudyRef, labels: Labels) -> None:
        self._calls = calls
        self._project = project
        self.study = study
        self._labels = labels
        self._covered = (labels.subject, labels.session, study.patient_id, study.study_uid)

    async def together(
        self, instances: Sequence[OutgoingInstance], on_bytes: OnBytes
    ) -> Sequence[InstanceOutcome]:
        """All in one tar; where the node finds something in it, one by one to learn which."""
        counter = _Counter(on_bytes)
        size = package.length([instance.size_bytes for instance in instances])
        answer = await self._post(
            query_of("DICOM-zip", self._project, self._labels),
            {"Content-Type": package.CONTENT_TYPE, "Content-Length": str(size)},
            lambda: package.body(instances, counter.add),
            counter,
        )
        if answer.is_good:
            return [InstanceOutcome(i.sop_instance_uid, Verdict.STORED) for i in instances]
        if self._reason_of(answer) is Meaning.CONFLICT:
            return _refused(instances, self._in_words(answer))
        counter.rewind()
        return [await self._alone(instance, on_bytes) for instance in instances]

    async def _alone(self, instance: OutgoingInstance, on_bytes: OnBytes) -> InstanceOutcome:
        counter = _Counter(on_bytes)
        answer = await self._post(
            query_of("gradual-DICOM", self._project, self._labels),
            {"Content-Type": "application/dicom", "Content-Length": str(instance.size_bytes)},
            lambda: package.single(instance, counter.add),
            counter,
        )
        if answer.is_good:
            return InstanceOutcome(instance.sop_instance_uid, Verdict.STORED)
        self._reason_of(answer)
        return _refused([instance], self._in_words(answer))[0]

    async def _post(
        self,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Body,
        counter: _Counter,
    ) -> Answer:
        """The answer: good and from our project, or one that is about what was sent."""
        for is_last in (False, True):
            used = await self._calls.session.id()
            answer = await self._calls.ask(
                "POST",
                PATH,
                query=query,
                headers=headers,
                body=body,
                on_restart=counter.rewind,
            )
            if not answer.is_good:
                break
            strayed = strayed_to(answer.text, self._project)
            if strayed is None:
                raise unreadable(self._calls.node)
            if not strayed:
                return answer
            # A guest's data go astray: was it us whom the node answered?
            if is_last or await self._calls.session.confirm(used):
                raise _astray(strayed[0], self._project, self._calls.node)
            counter.rewind()
        if answer.status in (400, 409, 423):
            return answer
        if answer.status == 507:
            raise disk_full(self._calls.node)
        return self._calls.good(answer)

    def _reason_of(self, answer: Answer) -> Meaning:
        """What the refusal is about, where it is about this session or one of its instances."""
        meaning = meaning_of(answer.text)
        if meaning is Meaning.DISK_FULL:
            raise disk_full(self._calls.node)
        if meaning is Meaning.NO_PROJECT:
            raise no_project(self._project, self._calls.node)
        if meaning is Meaning.LATER or answer.status in (409, 423):
            raise busy(answer.text, self._covered, self._calls.node)
        return meaning

    def _in_words(self, answer: Answer) -> str:
        words = said(answer.text, self._covered)
        return f"The node refused it: {words}" if words else "The node refused it without a reason."


def by_series(
    instances: Iterable[OutgoingInstance],
) -> Mapping[SeriesRef, Sequence[OutgoingInstance]]:
    """In order of first appearance; one request holds one Series of one Study."""
    groups: dict[SeriesRef, list[OutgoingInstance]] = {}
    for instance in instances:
        groups.setdefault(instance.series, []).append(instance)
    return groups


def query_of(handler: str, project: str, labels: Labels) -> Mapping[str, str]:
    """The parameters of an import, in the order of the documentation."""
    return {
        "import-handler": handler,
        "PROJECT_ID": project,
        "SUBJECT_ID": labels.subject,
        "EXPT_LABEL": labels.session,
        "project": project,
        "subject": labels.subject,
        "session": labels.session,
        "rename": "true",
        "prevent_auto_commit": "true",
        "SOURCE": "uploader",
        "overwrite": "none",
        "inbody": "true",
    }


def strayed_to(text: str, project: str) -> Sequence[str] | None:
    """The addresses in an import's answer that are not in our project; None where the answer
    names no address at all. One to a line, lines ended by CR LF."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = [_ADDRESS.match(line) for line in lines]
    if not lines or not all(found):
        return None
    return [line for line, f in zip(lines, found, strict=True) if f and f["project"] != project]


def project_of(destination: str) -> str:
    """The project that a destination names.

    Raises:
        UsageError: it cannot be the ID of a project.
    """
    if not PROJECT_ID.match(destination):
        raise UsageError(
            "The destination is not the ID of an XNAT project.",
            "Name the project's ID (letters, digits, _ and -) with --destination; the node's "
            "doctor lists the projects that the account may send to.",
        )
    return destination


def _astray(where: str, project: str, node: str) -> NotAllowed:
    found, entry = _ADDRESS.match(where), _ENTRY.search(where)
    other = found["project"] if found else ""
    place = f"project {other}" if PROJECT_ID.match(other) else "another place"
    if other == "Unassigned":
        place = "the area for images without a project (Unassigned)"
    if entry:
        place += f", prearchive entry {entry[1]}"
    return NotAllowed(
        f"The node did not put the images into project {project} but into {place}.",
        "Check that the project exists and that the account is a member of it, and have the "
        "node's administrator delete that entry.",
        node=node,
    )


def _refused(instances: Sequence[OutgoingInstance], reason: str) -> list[InstanceOutcome]:
    return [InstanceOutcome(i.sop_instance_uid, Verdict.REFUSED, reason) for i in instances]


async def rehearse(
    make: Callable[..., httpx.Request], base_url: str, batch: Batch, folder: Path
) -> None:
    """Write each request of a batch to files instead of sending it. `make` builds a request."""
    project = project_of(batch.destination)
    for number, (series, instances) in enumerate(by_series(batch.instances).items()):
        labels = labels_of(series.study)
        size = package.length([instance.size_bytes for instance in instances])
        content = package.body(instances, lambda _: None)
        request = make(
            "POST",
            address(base_url, PATH, query_of("DICOM-zip", project, labels)),
            headers={
                "Content-Type": package.CONTENT_TYPE,
                "Content-Length": str(size),
                "Cookie": "JSESSIONID=***",
            },
        )
        stem = f"{batch.batch_id:04d}" + (f"-{number + 1}" if number else "")
        await write_request(folder, stem, request, content)
