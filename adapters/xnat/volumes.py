"""NIfTI volumes: session, scan and resource by plain PUT, then both files, beside the images.

A file that is there is never written over: equal by its MD5 it counts as there, else the volume is
refused. XNAT answers a PUT to a name that is taken with 200 and the word `duplicates`, and
sometimes keeps a file that no catalogue lists; so the listing decides, before and after.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Final

from adapters.pieces import exact_pieces
from adapters.xnat.calls import Calls, Row
from adapters.xnat.catalogue import ArchivedSession, Catalogue, cell
from adapters.xnat.labels import Labels, labels_of, short_hash
from adapters.xnat.pages import said
from adapters.xnat.refusals import Meaning, busy, disk_full, meaning_of
from adapters.xnat.wire import Answer, segment, unreadable
from transfer.errors import NodeFault
from transfer.leaving import OutgoingFile
from transfer.node import OnBytes, Verdict
from transfer.values import StudyInstanceUID, StudyRef
from transfer.volumes.leaving import HeldFile, OutgoingVolume, VolumeOutcome, VolumeRef

RESOURCE: Final = "NIFTI"
"""Readers of the node look for this label."""

_PREFIXES: Final = {
    **{"PT": "pet", "MR": "mr", "CT": "ct", "MG": "mg", "US": "us", "NM": "nm", "XA": "xa"},
    **{"RF": "rf", "DX": "dx", "CR": "cr", "SM": "sm", "OP": "op"},
}
_OTHER: Final = "otherDicom"
_SCAN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_FORMATS: Final = {"json": "JSON"}
_OCTETS: Final = "application/octet-stream"


class _Refused(Exception):
    """The node will not have it; the reason is fit for an operator."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Volumes:
    """Stores volumes on one node, and lists them."""

    def __init__(self, calls: Calls, catalogue: Catalogue) -> None:
        self._calls = calls
        self._catalogue = catalogue

    async def send(self, volume: OutgoingVolume, project: str, on_bytes: OnBytes) -> VolumeOutcome:
        """As `Node.send_volume`."""
        try:
            path = await self._scan_for(volume.ref, project)
            held = await self._listed(path)
            is_new = False
            for file in volume.files:
                if file.name in held:
                    _refuse_other(file, await self._with_digest(path, held[file.name]))
                else:
                    is_new = True
                    await self._put(path, file, on_bytes, _covered(volume.ref))
        except _Refused as refused:
            return VolumeOutcome(Verdict.REFUSED, refused.reason)
        return VolumeOutcome(Verdict.STORED if is_new else Verdict.ALREADY_THERE)

    async def held(self, ref: VolumeRef, project: str) -> Mapping[str, HeldFile]:
        """As `Node.held_files`."""
        session = await self._catalogue.session(project, labels_for(ref))
        if session is None:
            return {}
        scan = await self._scan_of(session, ref)
        if scan is None:
            return {}
        path = _path(session, scan)
        listed = await self._listed(path)
        return {
            name: await self._with_digest(path, file)
            for name, file in listed.items()
            if name.rsplit(".", 1)[0].removesuffix(".nii") == ref.name
        }

    async def _scan_for(self, ref: VolumeRef, project: str) -> str:
        """The path of the scan that the volume belongs to, which comes to be where it is not."""
        labels = labels_for(ref)
        session = await self._catalogue.session(project, labels)
        if session is None:
            session = await self._make_session(ref, project, labels)
        if session.study_uid not in ("", ref.study.study_uid):
            raise _Refused("The session of that label on the node belongs to another Study.")
        scan = await self._scan_of(session, ref)
        if scan is None:
            scan = await self._make_scan(session, ref)
        return _path(session, scan)

    async def _make_session(self, ref: VolumeRef, project: str, labels: Labels) -> ArchivedSession:
        kind = f"xnat:{_PREFIXES.get(ref.modality, _OTHER)}SessionData"
        query = {"xsiType": kind}
        if ref.study.study_uid:
            query[f"{kind}/UID"] = ref.study.study_uid
        answer = await self._calls.ask(
            "PUT",
            f"/data/projects/{segment(project)}/subjects/{segment(labels.subject)}"
            f"/experiments/{segment(labels.session)}",
            query=query,
        )
        self._accepted(answer, _covered(ref))
        session = await self._catalogue.session(project, labels)
        if session is None:
            raise self._fault("The node says that it made a session, and does not show it.")
        return session

    async def _scan_of(self, session: ArchivedSession, ref: VolumeRef) -> str | None:
        """By its Series Instance UID, and else by the ID that is given here."""
        scans = await self._calls.table(
            f"/data/experiments/{segment(session.id)}/scans", {"columns": "ID,UID,xsiType,type"}
        )
        for scan in scans or []:
            if ref.series_uid and cell(scan, "UID") == ref.series_uid:
                return cell(scan, "ID")
        own = _own_id(ref)
        return next((own for scan in scans or [] if cell(scan, "ID") == own), None)

    async def _make_scan(self, session: ArchivedSession, ref: VolumeRef) -> str:
        base = f"/data/experiments/{segment(session.id)}/scans"
        taken = {cell(scan, "ID") for scan in await self._calls.table(base) or []}
        number = ref.series_number.strip()
        # Without a UID to find it by, the number alone could be another Series' tomorrow.
        is_fit = bool(ref.series_uid) and bool(_SCAN_ID.fullmatch(number)) and number not in taken
        scan = number if is_fit else _own_id(ref)
        kind = f"xnat:{_PREFIXES.get(ref.modality, _OTHER)}ScanData"
        query = {"xsiType": kind, f"{kind}/type": RESOURCE}
        if ref.series_uid:
            query[f"{kind}/UID"] = ref.series_uid
        answer = await self._calls.ask("PUT", f"{base}/{segment(scan)}", query=query)
        self._accepted(answer, _covered(ref))
        return scan

    async def _listed(self, path: str) -> Mapping[str, HeldFile]:
        """The files of the resource; none where it is not there yet."""
        rows = await self._calls.table(f"{path}/resources/{RESOURCE}/files")
        return {cell(row, "Name"): self._file(row) for row in rows or []}

    def _file(self, row: Row) -> HeldFile:
        size = cell(row, "Size")
        if not size.isdecimal():
            raise unreadable(self._calls.node)
        return HeldFile(cell(row, "Name"), int(size), cell(row, "digest").lower())

    async def _with_digest(self, path: str, file: HeldFile) -> HeldFile:
        """A site that keeps no checksums gives the file itself."""
        if file.md5:
            return file
        digest = await self._calls.md5(f"{path}/resources/{RESOURCE}/files/{segment(file.name)}")
        return HeldFile(file.name, file.size_bytes, digest)

    async def _put(
        self, path: str, file: OutgoingFile, on_bytes: OnBytes, covered: tuple[str, ...]
    ) -> None:
        answer = await self._put_once(path, file, on_bytes, covered, {})
        if b"duplicates" not in answer.body:
            return
        held = (await self._listed(path)).get(file.name)
        if held is not None:
            _refuse_other(file, await self._with_digest(path, held))
            return
        # It lies on the node's disk and in no catalogue (a catalogue written by two at once), so
        # that nobody has it: only this repetition puts it right.
        await self._put_once(path, file, on_bytes, covered, {"overwrite": "true"})

    async def _put_once(
        self,
        path: str,
        file: OutgoingFile,
        on_bytes: OnBytes,
        covered: tuple[str, ...],
        query: Mapping[str, str],
    ) -> Answer:
        moved = 0

        def rewind() -> None:
            nonlocal moved
            back, moved = moved, 0
            on_bytes(-back)

        def body() -> Generator[bytes, None, None]:
            nonlocal moved
            with closing(exact_pieces(file)) as pieces:
                for piece in pieces:
                    yield piece
                    moved += len(piece)
                    on_bytes(len(piece))

        answer = await self._calls.ask(
            "PUT",
            f"{path}/resources/{RESOURCE}/files/{segment(file.name)}",
            query={
                "inbody": "true",
                "format": _FORMATS.get(file.name.rpartition(".")[2], RESOURCE),
                "content": "RAW",
                **query,
            },
            headers={"Content-Type": _OCTETS, "Content-Length": str(file.size_bytes)},
            body=body,
            on_restart=rewind,
        )
        self._accepted(answer, covered)
        return answer

    def _accepted(self, answer: Answer, covered: tuple[str, ...]) -> None:
        """Raises what the status, and the words beside it, mean."""
        if answer.status in (400, 409, 417, 423):
            meaning = meaning_of(answer.text)
            if meaning is Meaning.DISK_FULL:
                raise disk_full(self._calls.node)
            if meaning is Meaning.LATER or answer.status == 423:
                raise busy(answer.text, covered, self._calls.node)
            words = said(answer.text, covered) or "it gives no reason"
            raise _Refused(f"The node refused the volume: {words}")
        if answer.status == 507:
            raise disk_full(self._calls.node)
        self._calls.good(answer)

    def _fault(self, what: str) -> NodeFault:
        return NodeFault(
            what,
            "Try again later; if it stays so, tell the node's administrator the time.",
            node=self._calls.node,
        )


def labels_for(ref: VolumeRef) -> Labels:
    """The session of its Study. Without a Study Instance UID the volumes of one patient and one
    day of acquisition are put together, and what has neither stands alone."""
    if ref.study.study_uid:
        return labels_of(ref.study)
    day = f"acquired {ref.acquisition_date}" if ref.acquisition_date else ref.name
    patient = ref.study.patient_id
    return labels_of(StudyRef(StudyInstanceUID(day if patient.strip() else ref.name), patient))


def _own_id(ref: VolumeRef) -> str:
    return f"nifti-{short_hash(ref.series_uid or ref.name)}"


def _path(session: ArchivedSession, scan: str) -> str:
    return f"/data/experiments/{segment(session.id)}/scans/{segment(scan)}"


def _refuse_other(file: OutgoingFile, held: HeldFile) -> None:
    if (held.size_bytes, held.md5) != (file.size_bytes, file.md5):
        kind = "JSON file" if file.name.endswith(".json") else "NIfTI image"
        raise _Refused(
            f"The node has another {kind} under this name already, and it was not written over."
            " Find out which is right; to send this one, delete the other on the node first."
        )


def _covered(ref: VolumeRef) -> tuple[str, ...]:
    labels = labels_for(ref)
    return (
        *(labels.subject, labels.session, ref.name, ref.study.patient_id),
        *(ref.study.study_uid, ref.series_uid),
    )
