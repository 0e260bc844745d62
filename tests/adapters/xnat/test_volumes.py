"""NIfTI volumes on a scripted XNAT: where they go, and that no file there is ever written over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from adapters.xnat.labels import short_hash
from adapters.xnat.node import XnatNode
from adapters.xnat.volumes import labels_for
from tests.adapters.tls_server import Reply, Request
from tests.adapters.xnat.scripted import ScriptedXnat, document, page, table, text
from tests.conformance.volumes import MadeFile, volume
from transfer.errors import NodeBusy, NodeFault, NotAllowed, SourceChanged
from transfer.node import Verdict
from transfer.values import SeriesInstanceUID, StudyInstanceUID, StudyRef
from transfer.volumes.leaving import OutgoingVolume, VolumeOutcome, VolumeRef

SUBJECT = "SUBJ-001"
LABEL = "SUBJ-001_c47f5b18"
SESSION = f"/data/projects/P/subjects/{SUBJECT}/experiments/{LABEL}"
SCANS = "/data/experiments/XNAT_E00001/scans"
REF = VolumeRef(
    "SUBJ-001_CT_0a1b2c3d",
    StudyRef(StudyInstanceUID("1.2.3"), SUBJECT),
    SeriesInstanceUID("1.2.3.4"),
    series_number="4",
    modality="CT",
    acquisition_date="20240131",
)
IMAGE = f"{REF.name}.nii.gz"


@dataclass
class Archive:
    """One session, or none yet, and the files of its scans' NIFTI resources."""

    xnat: ScriptedXnat
    has_session: bool = True
    study: str = "1.2.3"
    scans: dict[str, str] = field(default_factory=dict)
    files: dict[str, MadeFile] = field(default_factory=dict)
    queries: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    has_checksums: bool = True

    def __post_init__(self) -> None:
        for method in ("GET", "PUT"):
            self.xnat.tell(method, r"/data/projects/P/subjects/[^/]+/experiments/[^/]+", self._of)
            self.xnat.tell(method, rf"{SCANS}(/[^/]+)?", self._scan)
            self.xnat.tell(method, rf"{SCANS}/[^/]+/resources/NIFTI/files(/.+)?", self._file)

    def _note(self, request: Request) -> str:
        parts = urlsplit(request.target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if request.method == "PUT":
            self.queries.append((unquote(parts.path), query))
        return unquote(parts.path)

    def _of(self, request: Request) -> Reply:
        self._note(request)
        if request.method == "PUT":
            self.has_session = True
            return text("XNAT_E00001", 201)
        if not self.has_session:
            return page(404, "Not Found")
        fields = {"ID": "XNAT_E00001", "label": LABEL, "UID": self.study}
        return document({"items": [{"data_fields": fields}]})

    def _scan(self, request: Request) -> Reply:
        path = self._note(request)
        if request.method == "PUT":
            self.scans[path.rpartition("/")[2]] = self.queries[-1][1].get("xnat:ctScanData/UID", "")
            return text("")
        return table(*({"ID": scan, "UID": uid} for scan, uid in self.scans.items()))

    def _file(self, request: Request) -> Reply:
        name = self._note(request).partition("/files/")[2]
        if request.method == "GET" and name:
            return Reply(200, self.files[name].content)
        if request.method == "GET":
            return table(*(self._row(f) for n, f in self.files.items() if n not in self.lost))
        body = request.body
        if name in self.files and "overwrite" not in self.queries[-1][1]:
            return document({"duplicates": [name]})
        self.files[name] = MadeFile(name, body)
        self.lost.discard(name)
        return text("")

    def _row(self, file: MadeFile) -> dict[str, str]:
        digest = file.md5 if self.has_checksums else ""
        return {"Name": file.name, "Size": str(file.size_bytes), "digest": digest}

    @property
    def puts(self) -> list[str]:
        """Paths that were put, in order."""
        return [path for path, _ in self.queries]


async def send(node: XnatNode, given: OutgoingVolume | None = None) -> VolumeOutcome:
    return await node.send_volume(given or volume(REF), "P", lambda _: None)


async def test_session_scan_and_both_files_come_to_be_by_plain_put(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    archive = Archive(xnat, has_session=False)
    assert (await send(node)).verdict is Verdict.STORED
    files = f"{SCANS}/4/resources/NIFTI/files"
    json = IMAGE.replace(".nii.gz", ".json")
    assert archive.puts == [SESSION, f"{SCANS}/4", f"{files}/{IMAGE}", f"{files}/{json}"]
    assert archive.queries[0][1] == {
        "xsiType": "xnat:ctSessionData",
        "xnat:ctSessionData/UID": "1.2.3",
    }
    assert archive.queries[1][1]["xnat:ctScanData/UID"] == "1.2.3.4"
    assert [query["format"] for _, query in archive.queries[2:]] == ["NIFTI", "JSON"]
    assert archive.files[IMAGE].content == b"image"


async def test_a_scan_of_the_series_is_used_whatever_its_id(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    archive = Archive(xnat, scans={"4": "9.9", "12-CT1": "1.2.3.4"})
    await send(node)
    assert {path.split("/resources")[0] for path in archive.puts} == {f"{SCANS}/12-CT1"}


async def test_a_series_number_that_is_taken_is_not_taken_twice(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    archive = Archive(xnat, scans={"4": "9.9"})
    await send(node)
    assert archive.puts[0] == f"{SCANS}/nifti-{short_hash('1.2.3.4')}"


async def test_without_a_series_uid_the_scan_is_found_again_by_its_id(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    archive = Archive(xnat)
    ref = replace(REF, series_uid=SeriesInstanceUID(""))
    await send(node, volume(ref))
    again = await send(node, volume(ref))
    assert again.verdict is Verdict.ALREADY_THERE
    assert list(archive.scans) == [f"nifti-{short_hash(REF.name)}"]


async def test_a_volume_goes_into_the_session_of_the_images_of_its_study() -> None:
    assert labels_for(REF).session == LABEL


async def test_without_a_study_uid_one_day_of_one_patient_is_one_session() -> None:
    bare = replace(REF, study=StudyRef(StudyInstanceUID(""), SUBJECT))
    other_day = replace(bare, acquisition_date="20240201")
    labels = labels_for(bare)
    assert labels.subject == SUBJECT
    assert labels_for(replace(bare, name="another")) == labels
    assert labels_for(other_day) != labels


async def test_equal_files_that_are_there_count_as_there(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    archive = Archive(xnat)
    await send(node)
    before = len(archive.puts)
    assert (await send(node)).verdict is Verdict.ALREADY_THERE
    assert len(archive.puts) == before


async def test_another_file_of_that_name_is_refused_and_stays(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    archive = Archive(xnat, files={IMAGE: MadeFile(IMAGE, b"other")})
    outcome = await send(node)
    assert outcome.verdict is Verdict.REFUSED
    assert "was not written over" in outcome.reason
    assert archive.files[IMAGE].content == b"other"


async def test_a_file_that_came_between_is_refused_too(node: XnatNode, xnat: ScriptedXnat) -> None:
    """The listing was empty a moment ago; 200 with `duplicates` says that nothing was stored."""
    archive = Archive(xnat)

    def late(request: Request) -> Reply:
        archive.files.setdefault(IMAGE, MadeFile(IMAGE, b"other"))
        return archive._file(request)

    xnat.tell("PUT", rf"{SCANS}/[^/]+/resources/NIFTI/files/.+", late)
    assert (await send(node)).verdict is Verdict.REFUSED
    assert archive.files[IMAGE].content == b"other"


async def test_a_file_on_disk_that_no_catalogue_lists_is_put_right(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    archive = Archive(xnat, files={IMAGE: MadeFile(IMAGE, b"ima")}, lost={IMAGE})
    assert (await send(node)).verdict is Verdict.STORED
    assert archive.files[IMAGE].content == b"image"


async def test_a_session_of_another_study_takes_nothing(node: XnatNode, xnat: ScriptedXnat) -> None:
    archive = Archive(xnat, study="7.7")
    outcome = await send(node)
    assert outcome.verdict is Verdict.REFUSED
    assert archive.puts == []


async def test_what_is_held_is_told_with_digests_and_of_this_volume_alone(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    archive = Archive(xnat)
    await send(node)
    archive.files["foreign.nii"] = MadeFile("foreign.nii", b"x")
    held = await node.held_files(REF, "P")
    assert {name: (f.size_bytes, f.md5) for name, f in held.items()} == {
        f.name: (f.size_bytes, f.md5) for f in volume(REF).files
    }


async def test_where_the_site_keeps_no_checksums_the_files_are_read_back(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    Archive(xnat, has_checksums=False)
    await send(node)
    held = await node.held_files(REF, "P")
    assert held[IMAGE].md5 == MadeFile(IMAGE, b"image").md5


async def test_nothing_is_held_where_there_is_no_session_or_scan(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    archive = Archive(xnat, has_session=False)
    assert await node.held_files(REF, "P") == {}
    archive.has_session = True
    assert await node.held_files(REF, "P") == {}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (replace(page(403, "Forbidden"), then="close"), NotAllowed),
        (page(500, "modified by another user"), NodeFault),
        (page(400, "Session processing in progress"), NodeBusy),
        (page(507, "Insufficient Storage"), NodeBusy),
    ],
)
async def test_refusals_of_a_file_say_whether_it_may_be_tried_again(
    node: XnatNode, xnat: ScriptedXnat, answer: Reply, error: type[Exception]
) -> None:
    Archive(xnat)
    xnat.tell("PUT", rf"{SCANS}/[^/]+/resources/NIFTI/files/.+", answer)
    with pytest.raises(error):
        await send(node)


async def test_a_refusal_in_words_is_told_without_labels(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    Archive(xnat, has_session=False)
    xnat.tell("PUT", SESSION, page(409, f"Session {LABEL} already exists for another subject"))
    outcome = await send(node)
    assert outcome.verdict is Verdict.REFUSED
    assert "already exists" in outcome.reason
    assert LABEL not in outcome.reason


async def test_a_file_that_is_shorter_than_it_was_ends_the_volume(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    archive = Archive(xnat)
    whole = volume(REF).files
    short = OutgoingVolume(REF, (MadeFile(IMAGE, b"ima", claimed=5), whole[1]))
    with pytest.raises(SourceChanged):
        await send(node, short)
    assert not any(path.endswith(".json") for path in archive.puts)
