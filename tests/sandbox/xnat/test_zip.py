"""Zips as Java's ZipInputStream reads them, and the other rules about upload bodies."""

from __future__ import annotations

import io
import zipfile

import httpx
import pytest

from adapters.sandbox.server import Sandbox
from adapters.sandbox.xnat.javazip import BadZip, JavaZip
from tests.sandbox.bodies import dataset, part10, uid
from tests.sandbox.xnat.made import IMPORT, Walk, client, ct, heading, series, tarred, zipped

PARAMETERS = "import-handler=DICOM-zip&PROJECT_ID=SANDBOX&SUBJECT_ID=S1&EXPT_LABEL=E1&inbody=true"


class _Pipe(io.RawIOBase):
    """A target that cannot seek, so that `zipfile` has to write data descriptors."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raw = bytes(data)  # type: ignore[call-overload]
        self.written += raw
        return len(raw)


def _streamed(method: int, *, force_zip64: bool = False) -> bytes:
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", method) as archive:
        for name in ("a", "b", "c"):
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=force_zip64) as entry:
                entry.write(ct(name))
    return pipe.written


def _names(data: bytes) -> list[str]:
    return [name for name, content in JavaZip(io.BytesIO(data)).entries() for _ in [*content]]


def test_a_stored_zip_with_sizes_first_is_read() -> None:
    assert _names(zipped({"a": b"1", "b": b"2", "folder/": b""})) == ["a", "b"]


def test_a_stored_entry_with_a_data_descriptor_is_refused() -> None:
    with pytest.raises(BadZip, match="only DEFLATED entries can have EXT descriptor"):
        _names(_streamed(zipfile.ZIP_STORED))


def test_a_deflated_entry_with_a_data_descriptor_is_read() -> None:
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"x" * 100)
    assert _names(pipe.written) == ["a"]


def test_a_zip64_descriptor_on_a_small_entry_is_an_invalid_size() -> None:
    info = zipfile.ZipInfo("a")
    info.compress_type = zipfile.ZIP_DEFLATED
    pipe = _Pipe()
    with (
        zipfile.ZipFile(pipe, "w") as archive,
        archive.open(info, "w", force_zip64=True) as entry,
    ):
        entry.write(b"x" * 100)
    with pytest.raises(BadZip, match="invalid entry size"):
        _names(pipe.written)


def test_a_wrong_crc_is_refused() -> None:
    good = zipped({"a": b"content"})
    with pytest.raises(BadZip, match="invalid entry CRC"):
        _names(good.replace(b"content", b"CONTENT"))


def test_a_truncated_entry_is_refused() -> None:
    with pytest.raises(BadZip, match="unexpected EOF"):
        _names(zipped({"a": b"content" * 100})[:200])


def test_bytes_that_are_no_zip_have_no_entries() -> None:
    assert _names(b"no zip at all, but long enough for a header") == []


async def test_a_streamed_stored_zip_gets_400_and_stores_nothing(walk: Walk, node: Sandbox) -> None:
    answer = await walk.send(_streamed(zipfile.ZIP_STORED))
    assert (answer.status_code, heading(answer)) == (400, "unable to read data from file")
    assert node.xnat.waiting_objects() == {}


async def test_the_first_bad_entry_ends_the_request_and_earlier_ones_stay(
    walk: Walk, node: Sandbox
) -> None:
    body = zipped({"1": ct("a"), "2": b"no DICOM", "3": ct("c")})
    answer = await walk.send(body)
    assert answer.status_code == 400
    assert set(node.xnat.waiting_objects()) == {uid("a")}


async def test_unparsable_entries_are_skipped_when_asked(walk: Walk, node: Sandbox) -> None:
    body = zipped({"1": ct("a"), "2": b"no DICOM", "3": ct("c")})
    answer = await walk.send(body, **{"Ignore-Unparsable": "true"})
    assert answer.status_code == 200
    assert set(node.xnat.waiting_objects()) == {uid("a"), uid("c")}


@pytest.mark.parametrize(
    ("mode", "media_type"), [("w", "application/x-tar"), ("w:gz", "application/x-gtar")]
)
async def test_tars_are_read(walk: Walk, node: Sandbox, mode: str, media_type: str) -> None:
    answer = await walk.send(tarred({"1": ct("a"), "2": ct("b")}, mode), media_type)
    assert answer.status_code == 200
    assert set(node.xnat.waiting_objects()) == {uid("a"), uid("b")}


async def test_a_single_object_is_imported(walk: Walk, node: Sandbox) -> None:
    change = {"import-handler": "gradual-DICOM"}
    answer = await walk.send(ct("a"), "application/dicom", **change)
    assert answer.status_code == 200
    assert set(node.xnat.waiting_objects()) == {uid("a")}


async def test_an_octet_stream_has_an_unknown_format(walk: Walk) -> None:
    answer = await walk.send(series("a"), "application/octet-stream")
    assert (answer.status_code, heading(answer)) == (400, "Unsupported format UNKNOWN")


async def _chunked(http: httpx.AsyncClient, body: bytes, media_type: str) -> int:
    async def pieces() -> object:
        yield body

    headers = {"content-type": media_type}
    url = f"{IMPORT}?{PARAMETERS}"
    return (await http.post(url, content=pieces(), headers=headers)).status_code  # type: ignore[arg-type]


async def test_only_a_zip_may_come_without_its_length(walk: Walk) -> None:
    assert await _chunked(walk.http, series("a"), "application/zip") == 200
    assert await _chunked(walk.http, tarred({"1": ct("a")}), "application/x-tar") == 400
    assert await _chunked(walk.http, ct("a"), "application/dicom") == 400


async def test_a_multipart_form_carries_exactly_one_file(walk: Walk) -> None:
    url = f"{IMPORT}?{PARAMETERS.removesuffix('&inbody=true')}"
    one = {"file": ("a.zip", series("a"), "application/zip")}
    two = {**one, "more": ("b.zip", series("b"), "application/zip")}
    statuses = [(await walk.http.post(url, files=files)).status_code for files in (one, two)]
    assert statuses == [200, 400]
    assert (await walk.http.post(f"{url}&inbody=true", files=one)).status_code == 406


async def test_an_unknown_handler_is_404(walk: Walk) -> None:
    answer = await walk.send(series("a"), **{"import-handler": "none-such"})
    assert answer.status_code == 404


async def test_a_list_of_addresses_ends_every_line_with_cr_lf(walk: Walk) -> None:
    body = zipped({"1": ct("a", study="one"), "2": ct("b", study="two")})
    answer = await walk.send(body)
    lines = answer.text.split("\r\n")
    assert answer.headers["content-type"].startswith("text/uri-list")
    assert [line[:34] for line in lines] == ["/data/prearchive/projects/SANDBOX/"] * 2 + [""]


async def test_without_rename_the_base_name_is_kept(walk: Walk, node: Sandbox) -> None:
    await walk.send(zipped({"deep/x.dcm": ct("a")}), rename="")
    assert [file.name for file in node.xnat.waiting_objects().values()] == ["x.dcm"]


async def test_a_renamed_object_that_comes_again_overwrites_itself(
    walk: Walk, node: Sandbox
) -> None:
    for name in ("1.dcm", "2.dcm"):
        await walk.send(zipped({name: ct("a")}))
    (row,) = node.xnat.prearchive.rows
    (scan,) = row.scans.values()
    assert len(scan.files) == 1
    assert node.xnat.importer.received == {uid("a"): 2}


async def test_headers_are_rewritten_on_arrival(walk: Walk, node: Sandbox) -> None:
    sent = ct("a")
    await walk.send(zipped({"1.dcm": sent}))
    kept = node.xnat.waiting_objects()[uid("a")].path.read_bytes()
    assert kept != sent
    assert kept[-128:] == sent[-128:]


async def test_an_unknown_or_foreign_project_is_no_error(node: Sandbox) -> None:
    async with client(node, "reader") as http:
        foreign = await Walk(http).send(series("a"))
    async with client(node) as http:
        unknown = await Walk(http).send(series("b"), PROJECT_ID="NOWHERE")
    assert (foreign.status_code, unknown.status_code) == (200, 200)
    assert foreign.text.startswith("/data/prearchive/projects/Unassigned/")
    assert unknown.text.startswith("/data/prearchive/projects/Unassigned/")


async def test_without_a_handler_the_newer_line_takes_dicom_zip(walk: Walk) -> None:
    answer = await walk.send(series("a"), **{"import-handler": ""})
    assert answer.status_code == 200
    assert await walk.states() == ["RECEIVING"]


async def test_si_refuses_a_zip_of_two_sessions(walk: Walk) -> None:
    body = zipped({"1": ct("a", study="one"), "2": ct("b", study="two")})
    answer = await walk.send(body, **{"import-handler": "SI"})
    reason = "The upload includes files for multiple imaging sessions"
    assert (answer.status_code, heading(answer)) == (400, reason)


async def test_an_unknown_overwrite_value_is_400(walk: Walk) -> None:
    assert (await walk.send(series("a"), overwrite="replace")).status_code == 400


async def test_an_import_tells_its_listener(walk: Walk) -> None:
    await walk.send(series("a"), **{"http-session-listener": "L1"})
    messages = (await walk.http.get("/data/status/L1?format=json")).json()["msgs"][0]
    assert [m["terminal"] for m in messages] == [False, True]


@pytest.mark.parametrize(
    ("comment", "project"), [("Project:SANDBOX Subject:X Session:Y", "SANDBOX"), ("", "Unassigned")]
)
async def test_headers_route_what_parameters_do_not(walk: Walk, comment: str, project: str) -> None:
    made = dataset("a")
    made.PatientComments = comment
    empty = {"PROJECT_ID": "", "SUBJECT_ID": "", "EXPT_LABEL": ""}
    answer = await walk.send(zipped({"1": part10(made)}), **empty)
    assert answer.text.startswith(f"/data/prearchive/projects/{project}/")
