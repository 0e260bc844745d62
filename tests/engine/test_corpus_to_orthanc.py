"""Real files from disk to Orthanc over TLS 1.3 by the real command line, and back again.

`$EUCAIM_CORPUS` names the folder whose manifest says what each file is; nothing here knows a
particular file. What pydicom ships goes the same way.
"""

from __future__ import annotations

import re
import shutil
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.corpus.test_corpus import BEYOND_ONE_FILE, CORPUS, ROLES, Row, manifest
from tests.engine.elements import differences, read
from tests.program import Program, Ran
from tests.real.orthanc import OrthancServer, missing_software, orthanc_behind_tls

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.orthanc,
    pytest.mark.skipif(bool(missing_software()), reason=missing_software()),
]

# Orthanc reads with DCMTK, whose dcmdump is the second parser of the manifest. What that gives up
# on may be refused, and nothing else.
MAY_BE_REFUSED = "second-parser-fails"
_ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'


@dataclass
class Sent:
    """One folder after the whole way, and what the manifest says of it (paths as we name them)."""

    rows: Mapping[str, Row]
    source: Path
    server: OrthancServer
    upload: Ran
    status: Any
    scan: Any

    @cached_property
    def accepted(self) -> dict[str, Row]:
        return {
            name: row
            for name, row in self.rows.items()
            if row.told["format"] == "dicom" and row.told["verdict"] != "reject"
        }

    @cached_property
    def uids(self) -> set[str]:
        """SOP Instance UIDs of what is accepted, so that duplicates count once."""
        return {row.told["sop_uid"] for row in self.accepted.values()}

    @cached_property
    def left_out(self) -> dict[str, Any]:
        return {left["path"]: left for left in self.status["left_out"]}

    @cached_property
    def refused(self) -> dict[str, Any]:
        return {failed["path"]: failed for failed in self.status["failed"]}

    @cached_property
    def gone(self) -> dict[str, Row]:
        """The files that were sent and taken, by their paths."""
        return {
            name: row
            for name, row in self.accepted.items()
            if name not in self.left_out and name not in self.refused
        }


def folder_of(part: str, tmp: Path) -> tuple[Path, dict[str, Row]]:
    """A folder with the files of one part of the manifest, and its rows by path in it."""
    rows = [row for row in manifest() if row.part == part]
    if not rows:
        pytest.skip(f"../shared is absent, or its manifest names no {part}")
    if part == "copied_files":
        return CORPUS, {row.name: row for row in rows}
    named = {row.name.replace(":", "/", 1): row for row in rows}
    for name, row in named.items():
        target = tmp / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(row.path, target)
    return tmp, named


@pytest.fixture(scope="module", params=["copied_files", "shipped_by_pydicom"])
def sent(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sent]:
    source, rows = folder_of(request.param, tmp_path_factory.mktemp("source"))
    with orthanc_behind_tls(tmp_path_factory.mktemp("orthanc")) as server:
        program = Program(tmp_path_factory.mktemp("home") / "home")
        node = {
            "kind": "upv",
            "dicomweb_url": server.dicomweb_url,
            "auth": "none",
            "ca_file": str(server.ca_file),
            "gate": "integrity",
            "deidentified": "as-is",
        }
        program.configure({"orthanc": node})
        program.good("new", "corpus", "--node", "orthanc", "--source", source)
        blocked = program.run("upload", "corpus")
        assert blocked.code == 3, str(blocked)
        # What stands in the way of every node: file meta information that names another instance
        # is put right, and what is cut, or has another's UID, is left out.
        program.good("mend", "corpus", "--file-meta-uid", "--by", "Dr Data")
        program.run("check", "corpus")
        program.good("select", "corpus", "--exclude-finding", "*", "--by", "Dr Data")
        upload = program.run("upload", "corpus", "--json")
        status = program.status("corpus", "--identifiers")
        scan = program.good("scan", "corpus", "--json", "--identifiers").document
        yield Sent(rows, source, server, upload, status, scan)


@pytest.fixture(scope="module")
def returned(sent: Sent) -> dict[str, bytes]:
    """Every instance that went, as WADO-RS gives it back, by the path of its source."""
    trusting = ssl.create_default_context(cafile=str(sent.server.ca_file))
    with httpx.Client(verify=trusting, trust_env=False, headers={"Accept": _ACCEPT}) as client:
        return {
            name: _retrieve(client, sent.server.dicomweb_url, row)
            for name, row in sent.gone.items()
        }


def _retrieve(client: httpx.Client, root: str, row: Row) -> bytes:
    told = row.told
    answer = client.get(
        f"{root}/studies/{told['study_uid']}/series/{told['series_uid']}"
        f"/instances/{told['sop_uid']}"
    )
    assert answer.status_code == 200, row.name
    boundary = re.search(r'boundary="?([^";]+)', answer.headers["Content-Type"])
    assert boundary is not None
    mark = b"--" + boundary[1].encode()
    first = answer.content.index(b"\r\n\r\n") + 4
    return answer.content[first : answer.content.rindex(b"\r\n" + mark)]


def test_every_accepted_instance_is_verified_but_those_that_a_second_parser_cannot_read(
    sent: Sent,
) -> None:
    counts = sent.status["instances"]
    assert counts["found"] == counts["ready"] == len(sent.uids)
    assert counts["sent"] == counts["verified"] == len(sent.uids) - len(sent.refused)
    assert counts["failed"] == len(sent.refused)
    unforeseen = [n for n in sent.refused if MAY_BE_REFUSED not in sent.rows[n].reasons]
    assert unforeseen == []


def test_the_exit_code_says_whether_the_node_took_everything(sent: Sent) -> None:
    assert sent.upload.code == (4 if sent.refused else 0), str(sent.upload)
    assert sent.status["runner"]["exit_code"] == sent.upload.code
    assert sent.upload.document["instances"] == sent.status["instances"]


def test_the_images_step_is_done_only_when_everything_arrived(sent: Sent) -> None:
    state = next(step["state"] for step in sent.status["steps"] if step["id"] == "images")
    assert state == ("blocked" if sent.refused else "done")


def test_what_the_node_refused_is_named_with_a_reason(sent: Sent) -> None:
    assert all(failed["reason"] for failed in sent.refused.values())


def test_the_server_holds_each_instance_once_and_no_other(sent: Sent) -> None:
    held = sent.server.sop_instance_uids()
    refused = {sent.rows[name].told["sop_uid"] for name in sent.refused}
    assert sorted(held) == sorted(sent.uids - refused)


def test_each_reject_is_named_with_its_reason(sent: Sent) -> None:
    wrong = []
    for name, row in sent.rows.items():
        if row.told["verdict"] != "reject":
            continue
        left = sent.left_out.get(name, {"verdict": "not named", "reasons": [], "message": ""})
        told = row.reasons - BEYOND_ONE_FILE - ROLES
        if left["verdict"] != "rejected" or set(left["reasons"]) != told or not left["message"]:
            wrong.append((name, left["verdict"], left["reasons"], sorted(told)))
    assert wrong == []


def test_nothing_else_is_rejected(sent: Sent) -> None:
    rejected = {n for n, left in sent.left_out.items() if left["verdict"] == "rejected"}
    rejects = {n for n, row in sent.rows.items() if row.told["verdict"] == "reject"}
    assert rejected & set(sent.rows) == rejects


def test_each_duplicate_is_named_with_the_file_that_goes_in_its_place(sent: Sent) -> None:
    duplicates = {n for n, left in sent.left_out.items() if left["verdict"] == "duplicate"}
    assert len(duplicates) == len(sent.accepted) - len(sent.uids)
    assert all(sent.left_out[name]["same_as"] for name in duplicates)
    going = {sent.rows[n].told["sop_uid"] for n in sent.accepted if n not in duplicates}
    assert going == sent.uids


def test_the_scan_command_says_the_same_as_the_status(sent: Sent) -> None:
    for key in ("patients", "studies", "series", "files", "left_out"):
        assert sent.scan[key] == sent.status[key]


def test_without_leave_no_file_name_is_shown(sent: Sent) -> None:
    shown = {k: v for left in sent.upload.document["left_out"] for k, v in left.items()}
    assert "path" not in shown
    assert not [n for n in sent.rows if n in sent.upload.err]


def test_every_data_set_comes_back_as_it_was_element_by_element(
    sent: Sent, returned: Mapping[str, bytes]
) -> None:
    wrong = []
    for name, row in sent.gone.items():
        wrong += [(name, d) for d in differences(read(row.path), read(returned[name]))]
    assert len(returned) == sent.status["instances"]["verified"]
    assert wrong == []


def test_every_instance_comes_back_with_whole_file_meta(
    sent: Sent, returned: Mapping[str, bytes]
) -> None:
    wrong = []
    for name, row in sent.gone.items():
        content = returned[name]
        meta = read(content).file_meta
        syntax = getattr(meta, "TransferSyntaxUID", None)
        if content[128:132] != b"DICM" or syntax is None:
            wrong.append((name, "no file meta"))
        elif row.told["transfer_syntax"] and syntax.name != row.told["transfer_syntax"]:
            wrong.append((name, syntax.name))
    assert wrong == []
