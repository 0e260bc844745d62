"""The page for people: prints well, reads well in a text browser, asks nothing of anybody.

No script, no picture, no address; the policy in its head forbids what is not there, and allows the
one style sheet by its digest.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from transfer.evidence.comparison_told import told_rehearsal

_SHOWN: Final = 500
_STYLE: Final = """
body { font: 11pt/1.45 "Liberation Serif", Georgia, serif; color: #000; background: #fff;
  max-width: 60em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.7em; margin: 0 0 .2em; }
h2 { font-size: 1.2em; margin: 2em 0 .4em; border-bottom: 1px solid #000; }
table { border-collapse: collapse; width: 100%; margin: .6em 0; }
th, td { text-align: left; vertical-align: top; padding: .25em .6em .25em 0;
  border-bottom: 1px solid #bbb; overflow-wrap: anywhere; }
th { border-bottom: 1px solid #000; overflow-wrap: normal; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: .85em "Liberation Mono", monospace; overflow-wrap: anywhere; }
tr { break-inside: avoid; }
thead { display: table-header-group; }
h2 { break-after: avoid; }
@page { size: A4; margin: 18mm 16mm; }
@media print { body { max-width: none; margin: 0; padding: 0; font-size: 9.5pt; } }
"""

Row = Sequence[object]


def page(document: Mapping[str, Any], files: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The page, piece by piece. `files` are the names of the lists, by kind."""
    transfer, made = document["transfer"], document["made_at_utc"]
    style = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>Report of the transfer {_text(transfer['name'])}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>Report of the transfer {_text(transfer['name'])}</h1>\n"
    )
    where = f"{transfer['node']} {transfer['destination']}".strip()
    program = document["program"]
    yield _table(
        ("Of the transfer", ""),
        [
            ("Node and destination", where),
            ("Begun", transfer["created_at_utc"]),
            ("This report made", made),
            ("Made by", f"{program['name']} {program['version']}"),
            ("Reference", transfer["reference"]),
        ],
    )
    yield from _counts(document["counts"])
    yield from _deidentification(document["deidentification"])
    yield from _journey(document["journey"])
    yield from _quality(document)
    yield from _legal(document["legal"], document["tickets"])
    yield from _publication(document["publication"])
    yield from told_rehearsal(document["rehearsal"], _said, _table)
    yield from _proof(document, files)
    yield "</body>\n</html>\n"


def _counts(counts: Mapping[str, Any]) -> Iterator[str]:
    instances, files, volumes = counts["instances"], counts["files"], counts["volumes"]
    yield "<h2>What went</h2>\n"
    yield _table(
        ("Instances by state", "Instances", "Bytes"),
        [
            *((state, n["instances"], n["bytes"]) for state, n in instances["by_state"].items()),
            ("all", instances["total"], instances["bytes"]),
        ],
    )
    yield _said(
        "verified: the node was asked and holds it. sent: the node acknowledged it. ready: not"
        " sent. failed: the node or the program refused it. excluded: a person left it out."
    )
    yield _table(
        ("Files of the source", "Files"),
        [*files["by_verdict"].items(), ("all", files["total"])],
    )
    yield _table(
        ("Beside that", "Number"),
        [
            ("Patients", counts["patients"]),
            ("Studies", counts["studies"]),
            ("Series", counts["series"]),
            *((f"NIfTI volumes {k.replace('_', ' ')}", n) for k, n in volumes.items() if n),
            *((f"Clinical items {state}", n) for state, n in counts["clinical_items"].items()),
        ],
    )


def _deidentification(found: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>De-identification</h2>\n"
    if not found["is_done_here"]:
        yield _said("The files went as they are: they were de-identified before they came here.")
        return
    yield _table(
        ("Method", "Version", "SHA-256 of the method", "Key fingerprint", "Since", "Instances"),
        [
            (
                m["method"], m["version"], m["sha256"], m["key_fingerprint"], m["since_utc"],
                m["instances"],
            )
            for m in found["methods"]
        ],
    )  # fmt: skip
    if not found["pseudonyms_are_shown"]:
        yield _said(
            "The key was not opened when this report was made: patients stand there by their row"
            " keys (P1, P2, …), and instances without their UIDs."
        )


def _journey(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "<h2>The journey</h2>\n"
    yield _table(
        ("Step", "State", "Since", "Person", "Evidence", "Detail"),
        [
            (
                f"{s['number']} {s['title']}" if s["number"] else s["title"], s["state"],
                s["since_utc"], s["person"], s["evidence"], s["detail"],
            )
            for s in steps
        ],
    )  # fmt: skip


def _quality(document: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Quality</h2>\n"
    yield _table(
        ("Dimension", "Meaning", "Rules", "Passed", "Findings", "Blocking", "Waived"),
        [
            (
                d["dimension"], d["meaning"], d["rules"], d["passed"], d["findings"],
                d["blocking"], d["waived"],
            )
            for d in document["dimensions"]
        ],
    )  # fmt: skip
    yield _table(
        ("Rule", "Severity", "Standing", "Findings", "Things"),
        [
            (r["rule"], r["severity"], r["standing"], r["findings"], r["things"])
            for r in document["rules"]
        ],
    )
    settled = document["settled"]
    if settled:
        yield "<h2>Waived and answered</h2>\n"
        yield _table(
            ("Rule", "Standing", "Findings", "Answer", "Person", "Reason", "When"),
            [
                (
                    w["rule"], w["standing"], w["findings"], w["value"], w["person"], w["reason"],
                    w["said_at_utc"],
                )
                for w in settled[:_SHOWN]
            ],
        )  # fmt: skip
        if len(settled) > _SHOWN:
            yield _said("The others stand in report.json.")


def _legal(
    entries: Sequence[Mapping[str, Any]], tickets: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    yield "<h2>Legal record</h2>\n"
    if not entries:
        yield _said("Nothing is recorded: publishing is locked.")
    else:
        yield _table(
            ("What", "State", "Person", "Day", "Document SHA-256", "Entered by", "Remark"),
            [
                (
                    e["title"], e["state"], e["person"], e["day"], e["document_sha256"],
                    e["entered_by"], _remark(e),
                )
                for e in entries
            ],
        )  # fmt: skip
    if tickets:
        yield "<h2>Tickets</h2>\n"
        yield _table(
            ("Number", "About", "State", "Sent", "Answered"),
            [
                (t["number"], t["case"], t["state"], t["sent_at_utc"], t["answered_at_utc"])
                for t in tickets
            ],
        )


def _publication(found: Mapping[str, Any]) -> Iterator[str]:
    dataset, compared = found["dataset"], found["comparison"]
    yield "<h2>Dataset</h2>\n"
    if dataset is None:
        yield _said("There is no dataset of this transfer.")
    else:
        pids = ", ".join(f"{key} {pid}" for key, pid in dataset["pids"].items())
        yield _table(
            ("Of the dataset", ""),
            [
                ("Id", dataset["id"]),
                ("Name and version", f"{dataset['name']} {dataset['version']}".strip()),
                ("How it is", f"{dataset['stage']} {dataset['visibility']}".strip()),
                ("Since", dataset["since_utc"]),
                ("Persistent identifiers", pids or "none yet"),
                ("Seen last", dataset["seen_at_utc"]),
            ],
        )
    if compared is not None:
        yield _said(compared["sentence"])
    if found["accepted"]:
        yield _table(
            ("Difference accepted by", "Reason", "When"),
            [(a["person"], a["reason"], a["at_utc"]) for a in found["accepted"]],
        )
    if found["events"]:
        yield _table(
            ("When", "What", "Person", "Detail", "Legal record SHA-256"),
            [
                (e["at_utc"], e["what"], e["person"], e["detail"], e["legal_record_sha256"])
                for e in found["events"][:_SHOWN]
            ],
        )


def _remark(entry: Mapping[str, Any]) -> str:
    remarks = [
        "" if entry["counts"] else "superseded",
        "made up for the sandbox" if entry["is_sandbox"] else "",
        f"ticket {entry['ticket']}" if entry["ticket"] else "",
        entry["reason"],
    ]
    return "; ".join(remark for remark in remarks if remark)


def _proof(document: Mapping[str, Any], files: Mapping[str, Sequence[str]]) -> Iterator[str]:
    audit = document["audit"]
    yield "<h2>How this is proved</h2>\n"
    yield _said(
        "manifest.sha256 lists the SHA-256 of every file here. Its own SHA-256 is the digest of"
        " this report, and stands outside it: in the ticket, and on the screen when it was made."
        " With that digest, offline: eucaim-transfer report --verify DIR --digest HEX. Without this"
        " program: sha256sum manifest.sha256, to be compared with the digest, then sha256sum"
        " --check --strict manifest.sha256."
    )
    yield _table(
        ("List", "Files"),
        [(kind, f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0])
         for kind, names in files.items()],
    )  # fmt: skip
    yield _table(
        ("Audit log", ""),
        [("Lines in audit.jsonl", audit["lines"]), ("Hash of the last one", audit["sha256"])],
    )
    yield _table(("Person in the log", "Name"), list(document["persons"].items())[:_SHOWN])
    yield _said(
        "No original identifier stands here; what persons typed is veiled where a word is a"
        " patient's (•••••). Keys such as P1, S1, E1, I1 are rows of the transfer's ledger, which"
        " stays in the house."
    )


def _said(text: str) -> str:
    return f"<p>{_text(text)}</p>\n"


def _table(headings: Sequence[str], rows: Iterable[Row]) -> str:
    body = list(rows)
    numbers = {i for i, cell in enumerate(body[0]) if isinstance(cell, int)} if body else set()
    head = "".join(
        f'<th scope="col"{_class(i in numbers)}>{_text(h)}</th>' for i, h in enumerate(headings)
    )
    lines = ["".join(_cell(cell) for cell in row) for row in body]
    if not lines:
        lines = [f'<td colspan="{len(headings)}">none</td>']
    inner = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{inner}\n</tbody>\n</table>\n"


def _cell(cell: object) -> str:
    return f"<td{_class(isinstance(cell, int))}>{_text(cell)}</td>"


def _class(is_number: bool) -> str:
    return ' class="n"' if is_number else ""


def _text(text: object) -> str:
    """Made harmless: markup escaped, characters that turn or hide a line replaced."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))
    return escape(shown)
