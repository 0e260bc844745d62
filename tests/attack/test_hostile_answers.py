"""Documents that a node, or whoever made a workbook, wrote to do harm: entities that unfold without
end, or that name a file or an address; addresses in answers that lead elsewhere."""

from __future__ import annotations

import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from openpyxl import Workbook

from adapters.helpdesk.attachments import enclose
from adapters.tls import origin
from adapters.upv.answer import read_answer
from adapters.xnat.catalogue import catalogued
from adapters.xnat.wire import address, segment
from transfer.clinical.reading import TableFile, digest_of, read_table
from transfer.clinical.rows import TableProblem
from transfer.errors import NodeFault, UsageError
from transfer.values import SOPInstanceUID

_LAUGHS = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(12))
# {port} is one of ours: whoever fetches shows himself.
TYPES = {
    "laughs": f'<!DOCTYPE x [<!ENTITY e0 "ha">{_LAUGHS}]>',
    "one-large-entity": f'<!DOCTYPE x [<!ENTITY e12 "{"x" * 100_000}">]>',
    "file": '<!DOCTYPE x [<!ENTITY e12 SYSTEM "file:///etc/passwd">]>',
    "address": '<!DOCTYPE x [<!ENTITY e12 SYSTEM "http://127.0.0.1:{port}/e">]>',
    "outer-type": '<!DOCTYPE x SYSTEM "http://127.0.0.1:{port}/x.dtd" [<!ENTITY e12 "a">]>',
    "parameter": '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:{port}/p"> %p;'
    ' <!ENTITY e12 "a">]>',
}
_DECLARED = '<?xml version="1.0" encoding="{}"?>'


def _declared(encoding: str) -> Callable[[str], bytes]:
    return lambda text: _DECLARED.format(encoding).encode() + text.encode(encoding)


# As bytes, most of them hold no "<!DOCTYPE".
SPELLINGS: dict[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode(),
    "utf-8-mark": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: (_DECLARED.format("utf-16") + text).encode("utf-16"),
    "utf-16-without-mark": lambda text: (_DECLARED.format("utf-16") + text).encode("utf-16-le"),
    "ebcdic": _declared("cp037"),
    "behind-a-long-comment": lambda text: f"<!--{' ' * 2_000_000}-->{text}".encode(),
}


@pytest.fixture
def port() -> Iterator[int]:
    """Of a listener to which nobody may come."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("type", TYPES)
def test_an_answer_that_declares_entities_is_no_answer(type: str, spelling: str, port: int) -> None:
    spell, head = SPELLINGS[spelling], TYPES[type].replace("{port}", str(port))
    stow = f"{head}<NativeDicomModel>{'&e12;' * 10}</NativeDicomModel>"
    with pytest.raises(NodeFault, match="no STOW-RS answer"):
        read_answer(spell(stow), [SOPInstanceUID("1.2")], status=200)
    catalogue = f'{head}<DCMCatalog><entry UID="1.2">&e12;</entry></DCMCatalog>'
    with pytest.raises(NodeFault):
        catalogued(spell(catalogue), "n")


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[[bytes], Path]:
    """A workbook with this for its sheet."""

    def make(sheet: bytes) -> Path:
        file = tmp_path / "table.xlsx"
        book = Workbook()
        book.active.append(["PatientID", "Age"])  # type: ignore[union-attr]
        book.save(file)
        with zipfile.ZipFile(file) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, content in parts.items():
                archive.writestr(name, sheet if name.endswith("sheet1.xml") else content)
        return file

    return make


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("type", TYPES)
def test_a_workbook_that_declares_entities_is_none(
    type: str, spelling: str, port: int, workbook: Callable[[bytes], Path]
) -> None:
    head = TYPES[type].replace("{port}", str(port))
    sheet = (
        f'{head}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>PatientID&e12;</t></is></c></row>'
        "</sheetData></worksheet>"
    )
    file = workbook(SPELLINGS[spelling](sheet))
    with pytest.raises(TableProblem, match="unreadable-workbook"):
        list(read_table(TableFile(file, ""), digest_of(file)).rows)
    with pytest.raises(UsageError, match="workbook cannot be read"):
        enclose([file], "etl")


LEADING_ELSEWHERE = [
    "../../../etc/passwd",
    "/absolute",
    "//stranger.example/x",
    "@stranger.example",
    "\\\\stranger.example\\x",
    "a\x00b",
    "a\r\nHost: stranger.example",
    "a?x=1#y",
    "%2e%2e%2f",
    "https://stranger.example/",
    "\u2025/\uff0e\uff0e",
    "x" * 10_000,
]


@pytest.mark.parametrize("text", LEADING_ELSEWHERE, ids=range(len(LEADING_ELSEWHERE)))
def test_what_a_node_calls_its_things_leads_to_no_other_host_and_no_other_route(
    text: str,
) -> None:
    """Ids and labels of answers become parts of the next request's address."""
    url = "https://n.example/xnat"
    built = address(url, f"/data/projects/{segment(text)}/subjects")
    assert origin(built) == origin(url)
    request = httpx.Request("GET", built)
    assert request.url.host == "n.example"
    assert request.url.raw_path.startswith(b"/xnat/data/projects/")
    assert request.url.raw_path.endswith(b"/subjects")
    assert request.url.raw_path.count(b"/") == 5


@pytest.mark.parametrize("text", [".", "..", "\ud800"], ids=range(3))
def test_what_cannot_be_a_part_of_an_address_is_not_asked_for(text: str) -> None:
    """However it is quoted, `..` is a step to another route."""
    with pytest.raises(NodeFault, match="cannot stand in an address"):
        segment(text)
