"""The privacy bench in short: what it looks for it can find, and it finds nothing."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import quopri
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from adapters.sandbox.server import NODE
from tests.privacy import journeys
from tests.privacy.bench import Bench, bench
from tests.privacy.capture import is_supported, lacks_strace, listened, puts_of
from tests.privacy.cohort import Cohort, write_cohort
from tests.privacy.leaving import may_leave
from tests.privacy.screens import register
from tests.privacy.searching import Search
from tests.privacy.table import together


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return write_cohort(tmp_path_factory.mktemp("planted"), is_short=True)


@pytest.fixture(scope="module")
def went(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A transfer on the short way, listened to where the kernel lets us."""
    folder = tmp_path_factory.mktemp("bench")
    with bench(folder, is_short=True, listens=is_supported()) as at:
        journeys.short(at, "t", NODE)
        yield at


def test_the_search_finds_every_planted_value_where_it_was_planted(cohort: Cohort) -> None:
    search, found = Search(cohort.marks), set[str]()
    for path in cohort.folder.rglob("*"):
        found |= search.find(str(path.relative_to(cohort.folder)).encode())
        if path.is_symlink():
            found |= search.find(str(path.readlink()).encode())
        if path.is_file():
            found |= search.find(path.read_bytes())
    assert len(cohort.marks.where) > 9000
    assert cohort.marks.where.keys() - found == set()


def _zipped(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", text)
    return file.getvalue()


_WAYS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": lambda text: text.encode("utf-8"),
    "case-folded": lambda text: text.upper().encode("utf-8"),
    "UTF-16LE": lambda text: text.encode("utf-16-le"),
    "UTF-16BE": lambda text: text.encode("utf-16-be"),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64url": lambda text: base64.urlsafe_b64encode(b"x" + text.encode()),
    "MIME": lambda text: base64.encodebytes(text.encode()),
    "percent": lambda text: quote(text).encode(),
    "all percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
    "JSON": lambda text: json.dumps(text).encode(),
    "all JSON": lambda text: "".join(f"\\u{ord(c):04x}" for c in text).encode(),
    "XML": lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace"),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()),
    "hex": lambda text: text.encode().hex().encode(),
    "spaced hex": lambda text: text.encode().hex(" ").encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
    "zip": _zipped,
}


@pytest.mark.parametrize("write", _WAYS.values(), ids=_WAYS)
def test_the_search_sees_through_every_way_to_write_it(
    cohort: Cohort, write: Callable[[str], bytes]
) -> None:
    values = [*list(cohort.marks.where)[:: len(cohort.marks.where) // 400], *cohort.marks.charset]
    found = Search(cohort.marks).find(write("\n".join(values)))
    assert len(values) > 400
    assert set(values) - found == set()


def test_a_name_in_its_own_character_set_is_found(cohort: Cohort) -> None:
    search = Search(cohort.marks)
    assert len(cohort.marks.charset) == 16
    for name, codec in cohort.marks.charset.items():
        assert search.find(b"\x1b$" + name.encode(codec)) == {name}


def test_everything_went_the_way_and_nothing_planted_was_found(went: Bench) -> None:
    count = went.look_at_requests(lambda content, value: may_leave(went, content, value, "t"))
    went.look_at_files()
    assert count > 20
    assert went.program.status("t")["instances"]["verified"] > 8
    assert went.struck > 0
    assert went.echoed > 0
    assert {"printed", "request", "file", "name"} <= went.places.keys()
    assert went.hits == []


def test_what_the_kernel_saw_was_searched_too(went: Bench) -> None:
    if not went.listens:
        pytest.skip(lacks_strace() or "this kernel lets nobody listen to a process")
    assert {"write", "start"} <= went.places.keys()


def test_a_guard_that_is_taken_away_is_a_hit(went: Bench) -> None:
    before = list(went.hits)
    went.run("header", "t", "I1", strike="transfer.review.masking:hides:nothing")
    leaked = [hit for hit in went.hits if hit not in before]
    went.hits[:] = before
    assert {hit.found for hit in leaked if hit.found.startswith("printed")} == {
        "printed by header t I1"
    }
    assert len(leaked) > 5


def test_a_file_that_is_gone_again_is_seen(went: Bench, tmp_path: Path) -> None:
    """Whatever was written and removed within a command: the kernel saw it."""
    if not went.listens:
        pytest.skip(lacks_strace() or "this kernel lets nobody listen to a process")
    spool, log = tmp_path / "spool", tmp_path / "log"
    value = next(iter(went.cohort.marks.where))
    program = (
        f"import os, subprocess, sys; open({str(spool)!r}, 'w').write(sys.stdin.read());"
        f" os.remove({str(spool)!r}); subprocess.run(['true', {value!r}])"
    )
    command = listened([sys.executable, "-c", program], log)
    subprocess.run(command, input=value, text=True, check=True, timeout=60)
    places = {
        put.place.split(" ")[0] for put in puts_of(log) if value in went.search.find(put.content)
    }
    assert places == {"write", "start"}


def test_every_command_is_run_by_the_bench() -> None:
    """`commands` of a whole run hold all of the parser's; this test sees that each is written."""
    text = Path(journeys.__file__).read_text("utf-8")
    assert len(journeys.all_commands()) > 35
    missing = [name for name in journeys.all_commands() if f'"{name}"' not in text]
    assert missing == []


def test_figures_of_parts_are_one_table() -> None:
    one = {"planted": 7, "bytes_searched": 5, "bytes_by_channel": {"file": 2}, "broke": [],
           "commands_run": ["scan"], "kernel_listened_to": True, "hits": []}  # fmt: skip
    other = {"planted": 7, "bytes_searched": 6, "bytes_by_channel": {"file": 1, "send": 3},
             "broke": ["a stage"], "commands_run": ["list", "scan"], "kernel_listened_to": False,
             "hits": [{"value": "x"}]}  # fmt: skip
    assert together([one, other]) == {
        "planted": 7, "bytes_searched": 11, "bytes_by_channel": {"file": 3, "send": 3},
        "broke": ["a stage"], "commands_run": ["list", "scan"], "kernel_listened_to": False,
        "hits": [{"value": "x"}],
    }  # fmt: skip


def test_the_register_knows_the_screens() -> None:
    assert {"HomeScreen", "JourneyScreen", "HeaderScreen", "RecallScreen"} <= register().keys()
    assert len(register()) > 60
