"""What is done to the program while it holds most: crashes, a full disk, a damaged ledger."""

from __future__ import annotations

import errno
import shutil
from types import SimpleNamespace
from typing import Any, Final, cast

from tests.faults.damaging import overwrite, ruin_pages
from tests.faults.disk_errors import Disk, lacks_disk_errors
from tests.privacy.bench import Bench
from tests.privacy.echo import EchoingRecorder
from tests.privacy.leaving import note_what_stays
from transfer.workspace import Home

_BY: Final = ("--by", "Dr Data", "--reason", "as agreed")
_DEID: Final = ("--deid", "eucaim", "--site-id", "S1")

# Where it is struck, and the command that comes by, in the order of a transfer's way. A point with
# `:abort` ends its process as a fault in C does.
STRIKES: Final = (
    ("transfer.scan.inspect:_inspect_instance", ("scan",)),
    ("transfer.scan.inspect:_inspect_instance:abort", ("scan",)),
    ("transfer.status:read_status", ("status",)),
    ("transfer.review.lines:compare", ("review", "--series", "E1")),
    ("transfer.deid.look.lastlook:look", ("review", "--series", "E1")),
    ("transfer.deid.rewrite:rewrite", ("upload",)),
    ("transfer.deid.rewrite:rewrite:abort", ("upload",)),
    ("transfer.deid.look.lastlook:look", ("upload",)),
    ("transfer.prepare.findings:conclude", ("upload",)),
    ("{send}", ("upload",)),
    ("{send}:abort", ("upload",)),
    ("transfer.clinical.outgoing.looking:look", ("clinical",)),
    ("{clinical}", ("clinical",)),
    ("{clinical}:abort", ("clinical",)),
    ("transfer.evidence.look:strings_of", ("report",)),
    ("transfer.publication.comparing:read_cohort", ("dataset",)),
    ("{look}", ("dataset", "{asks}")),
)
_OPENING: Final = "transfer.scan.archives:_seen"
_POINTS: Final = {
    "upv": {
        "send": "adapters.upv.stow:Stow.send",
        "clinical": "adapters.upv.clinical:Clinical.send",
        "look": "adapters.upv.publishing:UpvPublisher.candidates",
        "asks": "--pick-up",
    },
    "xnat": {
        "send": "adapters.xnat.importing:Importer.send",
        "clinical": "adapters.xnat.clinical_document:document",
        "look": "adapters.xnat.publishing:ProjectPublisher._look",
        "asks": "--json",
    },
}


def crash(at: Bench, node: str) -> None:
    """A fault of the program's own at each point, on a transfer of its own; then it goes on."""
    kind = "upv" if "upv" in node else "xnat"
    name = f"struck-{kind}"
    at.run("login", node, typed="ingester\n")
    at.run("new", name, "--node", node, "--source", at.cohort.images, "--clinical",
           at.cohort.table, *_DEID)  # fmt: skip
    _strike(at, kind, _OPENING, "scan", _twin(at, kind, node))
    gone_on: set[str] = set()
    for point, (command, *options) in STRIKES:
        if kind == "xnat" and "{" not in point:
            continue  # the same for both nodes, and struck on the way to the other
        where = point.format(**_POINTS[kind])
        options = [one.format(**_POINTS[kind]) for one in options]
        if command != "scan" and "scan" not in gone_on:
            at.run("scan", name, codes=(0, 3))
            gone_on.add("scan")
        if command == "upload" and "check" not in gone_on:
            at.run("check", name, codes=(0, 3))
            at.run("select", name, "--exclude-finding", "*", *_BY)
            note_what_stays(at, name)
            gone_on.add("check")
        if command == "clinical" and options == [] and "upload" not in gone_on:
            at.run("upload", name, codes=None)
            gone_on.add("upload")
        _strike(at, kind, where, command, name, *options)
    at.run("clinical", name, codes=None)
    at.run("status", name)
    at.run("report", name, codes=None)


def _twin(at: Bench, kind: str, node: str) -> str:
    """Another transfer of the same: what was seen in an archive is not looked at again."""
    name = f"opened-{kind}"
    at.run("new", name, "--node", node, "--source", at.cohort.images, *_DEID)
    return name


def _strike(at: Bench, kind: str, where: str, command: str, *words: str) -> None:
    told = at.strike(where, command, *words)
    at.faults.append(f"{kind}: crash in {command} at {where}{'' if told else ', not come by'}")


def full_disk(at: Bench, node: str) -> None:
    """No write below the home succeeds any more, in each phase; then there is space again."""
    if lacks := lacks_disk_errors():
        at.exempt.append(f"a full disk: {lacks}")
        return
    holder = SimpleNamespace(environment={})
    disk = Disk(at.folder, cast(Any, holder))
    before = at.program.environ
    at.program.environ = {**before, **holder.environment}
    name = "full"
    try:
        at.run("new", name, "--node", node, "--source", at.cohort.images, "--clinical",
               at.cohort.table, *_DEID)  # fmt: skip
        for command in ("scan", "check", "upload", "clinical", "report"):
            with disk.failing("w", errno.ENOSPC, at.home):
                at.run(command, name, codes=None)
            at.faults.append(f"disk full in {command}")
            at.run(command, name, codes=None)
            if command == "check":
                at.run("select", name, "--exclude-finding", "*", *_BY)
                note_what_stays(at, name)
        at.run("status", name)
    finally:
        at.program.environ = before


def damage(at: Bench, name: str) -> None:
    """The ledger of a transfer that went is damaged in several ways, looked at, and mended."""
    copy = at.folder / "undamaged"
    ledger = Home.at(at.home).workspace(name).ledger
    shutil.copytree(ledger.parent, copy)
    for what, mends in (("patient", "--from-backup"), ("instance", "--rebuild"), ("head", "")):
        if what == "head":
            overwrite(ledger, 0, 4096, 1)
        else:
            ruin_pages(ledger, what, 7)
        at.faults.append(f"ledger damaged: {what}")
        for words in (("status", name), ("status", name, "--json"), ("list",), ("check", name),
                      ("upload", name), ("clinical", name), ("report", name), ("recover", name),
                      ("recover", name, "--json")):  # fmt: skip
            at.run(*words, codes=None)
        if mends:
            at.run("recover", name, mends, codes=None)
            at.run("recover", name, "--go-on", *_BY, codes=None)
            at.run("status", name, codes=None)
        shutil.rmtree(ledger.parent)
        shutil.copytree(copy, ledger.parent)
    shutil.rmtree(copy)


def publication(at: Bench, name: str) -> None:
    """Step 10 with a node that repeats names."""
    EchoingRecorder.left = 6
    for words in (("dataset", "--pick-up"), ("publish", "--confirm", name, "--by", "Dr Data"),
                  ("dataset", "--json"), ("dataset",)):  # fmt: skip
        at.run(words[0], name, *words[1:], codes=None)
    EchoingRecorder.left = 0
