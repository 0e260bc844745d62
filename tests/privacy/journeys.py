"""The whole way of a transfer, by every command that there is, with all that goes wrong on it."""

from __future__ import annotations

import argparse
import re
from typing import Final

from adapters.sandbox.server import NODE
from tests.privacy.bench import Bench
from tests.privacy.echo import EchoingRecorder
from tests.privacy.leaving import note_what_stays
from tui.cli.parser import build_parser

REVEALED: Final = "a person asks for identifiers"
EXPORTED: Final = "a person asks for a file or a table with them"
_BRINGS_ITS_OWN: Final = "makes its own synthetic data"
_METADATA: Final = """\
description = "Lungs of nobody."
provenance = "Made for a test."
purpose = "To be tested with."
licenseTitle = "CC BY 4.0"
"""
_MAKING_S: Final = 600.0
"""So long the stand-in is not at work on what was exported."""
_BY: Final = ("--by", "Dr Data", "--reason", "as agreed")


def all_commands() -> set[str]:
    """Every command of the parser: a new one cannot be forgotten."""
    (commands,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return set(commands.choices)


def prepare(at: Bench, name: str, node: str, deid: str) -> None:
    """Account, order, scan, findings, selection: all that comes before a byte leaves."""
    cohort, out = at.cohort, at.folder / "out" / name
    out.parent.mkdir(exist_ok=True)
    table = cohort.table if node == NODE else cohort.workbook
    at.run("login", node, typed="wrong\n", codes=(5,))
    at.run("login", node, typed="ingester\n")
    way = (*("--deid", deid), *(("--site-id", "S1") if deid != "none" else _BY))
    at.run("new", name, "--node", node, "--source", cohort.images, "--clinical", table, *way)
    at.run("list")
    at.run("account", node, "--qr")
    at.run("doctor", name, "--verbose", codes=None)
    at.run("step", name, "7", codes=None)
    at.run("scan", name, codes=(0, 3))
    at.run("scan", name, "--json", codes=(0, 3))
    at.run("scan", name, "--identifiers", codes=(0, 3), exempt=REVEALED)
    at.run("upload", name, codes=(3,))
    at.run("check", name, codes=(0, 3))
    at.run("check", name, "--json", "--out", f"{out}-findings", codes=(0, 3))
    at.look_at_asked(f"{out}-findings")
    at.run("select", name, "--exclude-finding", "*", *_BY)
    at.run("select", name, "--json")
    at.run("gateways", name, "--out", f"{out}-sheet.json", codes=None)
    at.run("mend", name, "--series", "E1", "--body-part", "CHEST", *_BY, codes=None)
    at.run("timepoints", name, "--json")
    at.run("timepoints", name, "--assign", "Diagnosis", "--all", codes=None)
    at.run("timepoints", name, "--template", f"{out}-timepoints.csv", codes=None, exempt=EXPORTED)
    at.run("header", name, "I1")
    at.run("header", name, "E2", "--json")
    at.run("header", name, "I1", "--identifiers", exempt=REVEALED)
    at.run("preview", name, "E1")
    at.run("preview", name, "--clear")
    at.run("ticket", name, codes=None)
    at.run("ticket", name, "--list-cases", codes=None)
    at.run("ticket", name, "--not-needed", *_BY, codes=None)
    person = next(iter(cohort.patients.values()))
    at.run("ticket", name, "--answer", f"asked by {person}", "--by", "Dr Data", codes=None)
    at.staying[name] = None
    if deid != "none":
        note_what_stays(at, name)
        at.run("key", "show", name)
        at.run("key", "export", name, "--out", f"{out}-key", "--plain", *_BY, codes=None)
        secret = at.folder / f"{name}.passphrase"
        secret.touch(mode=0o600)
        secret.write_text("four words of no sense\n")
        at.run(
            "key", "export", name, "--crosswalk", f"{out}-walk", "--secret-file", secret, codes=None
        )
        at.look_at_asked(f"{out}-walk")
        for number in range(1, 5):
            at.run("review", name, "--series", f"E{number}", "--all", codes=None, shows=name)
        at.run("review", name, "--json", codes=None, shows=name)


def send(at: Bench, name: str, node: str) -> None:
    """Upload with a node that repeats names, clinical data, and what proves both."""
    out = at.folder / "out" / name
    service = "stow" if node == NODE else "xnat"
    at.run("upload", name, "--dry-run", f"{out}-dry", codes=None, shows=name)
    at.look_at_asked(f"{out}-dry", shows=name)
    EchoingRecorder.left = 4
    at.run("upload", name, codes=None)
    EchoingRecorder.left = 0
    for words in (("status", name), ("status", name, "--json"), ("check", name)):
        at.run(*words, codes=(0, 3))
    at.run("pause", name, codes=None)
    at.run("resume", name, codes=None)
    at.run("limit", name, "none", codes=None)
    if service == "stow":
        at.sandbox.fault("stow:partial,reason=43264,times=1")
    gone = max(p for p in at.cohort.images.rglob("*.dcm") if not p.is_symlink())
    content = gone.read_bytes()
    gone.unlink()
    at.run("upload", name, codes=None)
    gone.write_bytes(content)
    at.run("scan", name, codes=(0, 3))
    at.run("select", name, "--exclude-finding", "*", *_BY, codes=(0, 2))
    at.run("upload", name, "--detach", codes=(0, 7))
    at.run("stop", name, codes=None)
    at.run("upload", name, codes=(0, 3, 4))
    at.run("verify", name, codes=(0, 3, 4))
    at.run("status", name, "--identifiers", exempt=REVEALED)


def clinical(at: Bench, name: str) -> None:
    """Step 9, with refusals that repeat names."""
    out = at.folder / "out" / name
    at.run("clinical", name, "--check", codes=(0, 3))
    for words in (("--show",), ("--table",), ("--json", "--check"),
                  ("--outputs", f"{out}-outputs"),
                  ("--errors", f"{out}-errors.csv"),
                  ("--dry-run", f"{out}-clinical-dry")):  # fmt: skip
        at.run("clinical", name, *words, codes=None)
    at.look_at_asked(f"{out}-outputs", f"{out}-errors.csv", f"{out}-clinical-dry")
    EchoingRecorder.left = 5
    at.run("clinical", name, codes=(0, 3, 4, 5, 6))
    EchoingRecorder.left = 0
    at.run("status", name, codes=None)
    at.run("status", name, "--json")
    at.run("clinical", name, codes=(0, 3, 4))
    at.run("clinical", name, "--table", "--identifiers", codes=None, exempt=REVEALED)


def finish(at: Bench, name: str, node: str) -> None:
    """Step 10, evidence, a withdrawal, the end of retention."""
    out = at.folder / "out" / name
    at.run("legal", name, "--sandbox", codes=None)
    at.run("legal", name, codes=None)
    for words in (("--guide",), ("--template",), ("--json",)):
        at.run("dataset", name, *words, codes=None)
    at.run("publish", name, codes=None)
    if node == NODE:
        metadata = at.folder / "out" / "metadata.toml"
        metadata.write_text(_METADATA, "utf-8")
        drafted(at, "Lung CT")
        entered = ("--metadata", metadata, "--by", "Dr Data", "--json")
        at.run("publish", name, "--confirm", name, *entered, codes=(0, 7))
    at.run("publish", name, "--confirm", name, "--visibility", "protected", codes=None)
    at.run("catalogue", name, "--template", codes=None)
    at.run("catalogue", name, "--least", "1", "--xlsx", f"{out}.xlsx", "--jsonld", f"{out}.jsonld",
           codes=None)  # fmt: skip
    document = at.run("report", name, "--out", f"{out}-report", codes=(0, 3))
    digest = re.search(r"[0-9a-f]{64}", document.replace(" ", ""))
    at.run(
        "report", "--verify", f"{out}-report", "--digest", digest[0] if digest else "0", codes=None
    )
    at.look_at_asked(f"{out}-report", f"{out}.xlsx", f"{out}.jsonld")
    at.run("rehearse", name, "--patients", "2", codes=None)
    patient = at.cohort.patients["private"]
    at.run("recall", name, "-", typed=f"{patient}\n", codes=None)
    at.run("recall", name, "-", "--json", typed=f"{patient.lower()}\n", codes=None)
    at.run("recall", name, "-", "--identifiers", typed=f"{patient}\n", codes=None, exempt=REVEALED)
    at.run("purge", name, codes=None)
    at.run("recover", name, codes=None)


def end(at: Bench, name: str, node: str) -> None:
    """What is left when nothing is."""
    at.run("purge", name, "--confirm", name, "--even-unfinished", "--by", "Dr Data", codes=None)
    at.run("status", name, codes=None)
    at.run("report", name, "--out", at.folder / "out" / f"{name}-after", codes=None)
    at.run("logout", node)


def drafted(at: Bench, *names: str) -> None:
    """What a person does in the pages of QP-Insights: drafts of what it holds."""
    account = at.sandbox.issuer.account("ingester")
    assert account is not None
    for name in names:
        texts = {"name": name, "version": "1.0"}
        at.sandbox.qpinsights.export(account, "SANDBOX|MAIN", texts)
    at.sandbox.datasets.clock.advance(_MAKING_S)


def otherwise(at: Bench, name: str, node: str, deid: str) -> None:
    """The way with another method, or with none: what sends, writes and prints most."""
    way = (*("--deid", deid), *(("--site-id", "S1") if deid != "none" else _BY))
    out = at.folder / "out" / name
    out.parent.mkdir(exist_ok=True)
    at.run("login", node, typed="ingester\n")
    at.run("new", name, "--node", node, "--source", at.cohort.images, *way)
    at.run("scan", name, codes=(0, 3))
    at.run("check", name, "--json", codes=(0, 3))
    at.run("select", name, "--exclude-finding", "*", *_BY)
    at.staying[name] = None
    if deid != "none":
        note_what_stays(at, name)
        at.run("check", name, "--waive", "DID-02", *_BY, codes=None)
        at.run("review", name, "--series", "E1", "--all", codes=None, shows=name)
        at.run("key", "show", name)
    at.run("upload", name, "--dry-run", f"{out}-dry", codes=None, shows=name)
    EchoingRecorder.left = 2
    at.run("upload", name, codes=None)
    EchoingRecorder.left = 0
    at.run("upload", name, codes=(0, 3, 4))
    at.run("status", name, "--json")
    at.run("verify", name, codes=(0, 3, 4))
    at.run("report", name, codes=(0, 3))


def to_screens(at: Bench, name: str, node: str) -> None:
    """Images and clinical data on the node, some refused, and findings that are open."""
    way = ("--deid", "eucaim", "--site-id", "S1", "--clinical", at.cohort.table)
    at.run("login", node, typed="ingester\n")
    at.run("new", name, "--node", node, "--source", at.cohort.images, *way)
    at.run("scan", name, codes=(0, 3))
    at.run("check", name, codes=(0, 3))
    at.run("select", name, "--exclude-finding", "*", *_BY)
    note_what_stays(at, name)
    at.run("upload", name, codes=(0, 3, 4, 6))
    EchoingRecorder.left = 2
    at.run("clinical", name, codes=None)
    EchoingRecorder.left = 0
    at.run("legal", name, "--sandbox")
    at.run("report", name, codes=(0, 3))
    if node == NODE:
        drafted(at, "Lung CT", "Lung CT, again")


def alone(at: Bench) -> None:
    """Commands that have no transfer."""
    out = at.folder / "out"
    out.mkdir(exist_ok=True)
    # The same profile as of the transfer whose texts were reviewed.
    for form in ((), ("--json",)):
        at.run("deid", at.cohort.images, out / f"deid{len(form)}", "--site-id", "S1", *form,
               codes=None, shows="to-upv")  # fmt: skip
    at.run("synth", out / "synth", "--patients", "1", exempt=_BRINGS_ITS_OWN)
    for command in ("demo", "sandbox"):
        at.commands.add(command)
        at.exempt.append(f"{command}: {_BRINGS_ITS_OWN}")


def short(at: Bench, name: str, node: str) -> None:
    """The way in a minute: what prints, writes and sends most, and a crash in a worker process."""
    cohort = at.cohort
    at.run("login", node, typed="ingester\n")
    way = ("--deid", "eucaim", "--site-id", "S1", "--clinical", cohort.table)
    for each in ("struck", name):
        at.run("new", each, "--node", node, "--source", cohort.images, *way)
    at.strike("transfer.scan.inspect:_inspect_instance", "scan", "struck")
    at.run("check", name, "--json", codes=(0, 3))
    at.run("select", name, "--exclude-finding", "*", *_BY)
    at.run("header", name, "I1")
    EchoingRecorder.left = 2
    at.run("upload", name, codes=(0, 3, 4, 6))
    EchoingRecorder.left = 0
    at.run("upload", name, codes=(0, 4))
    at.run("status", name)
    note_what_stays(at, name)
    EchoingRecorder.left = 4
    at.run("clinical", name, codes=None)
    EchoingRecorder.left = 0
    at.run("status", name, codes=None)
    at.run("clinical", name, codes=(0, 3, 4))
    at.run("report", name, "--out", at.folder / "report", codes=(0, 3))
    at.look_at_asked(str(at.folder / "report"))
