"""What a run of the bench tells at its end, as figures and as a table for people."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.privacy.bench import Bench
from tests.privacy.screens import register

ENCODINGS: Final = (
    "UTF-8", "UTF-16 LE and BE", "UTF-32", "Latin-1", "Windows-1252", "UTF-7",
    "each character set of DICOM in which a mark was planted", "in any case, composed or not",
    "base64 and base64url from any place", "hex", "percent", "quoted-printable", "JSON escapes",
    "octal and \\x escapes", "XML and HTML entities", "zip", "gzip", "zlib", "deflated DICOM",
)  # fmt: skip


def figures(at: Bench) -> dict[str, Any]:
    """Everything that was counted."""
    known = register()
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN)
    of_us = resource.getrusage(resource.RUSAGE_SELF)
    planted = Counter(_place(where) for where in at.cohort.marks.where.values())
    return {
        "planted": len(at.cohort.marks.where),
        "planted_by_place": dict(planted.most_common()),
        "bytes_searched": at.search.bytes_searched,
        "bytes_by_channel": {place: size for place, size in sorted(at.places.items())},
        "encodings": list(ENCODINGS),
        "commands": at.ran,
        "commands_run": sorted(at.commands),
        "screens_shown": sorted(at.screens & known.keys()),
        "screens_known": sorted(known),
        "keys_pressed": at.keys_pressed,
        "crashes": at.struck,
        "faults": at.faults,
        "refusals_that_repeat_names": at.echoed,
        "kernel_listened_to": at.listens,
        "exempt": sorted(set(at.exempt)),
        "hits": [hit._asdict() for hit in at.hits],
        "broke": at.broke,
        "cpu_minutes": round(sum((of_children.ru_utime, of_children.ru_stime, of_us.ru_utime,
                                  of_us.ru_stime)) / 60, 1),
        "slowest_s": [(round(ran, 1), round(search, 1), words) for ran, search, words
                      in sorted(at.took, reverse=True)[:10]],
    }  # fmt: skip


_SAME: Final = ("planted", "planted_by_place", "encodings")


def together(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of several benches on the same cohort as one: counts are added."""
    told: dict[str, Any] = dict(parts[0])
    for part in parts[1:]:
        for name, value in part.items():
            if name in _SAME:
                continue
            if isinstance(value, bool):
                told[name] = told[name] and value
            elif isinstance(value, int | float):
                told[name] = round(told[name] + value, 1)
            elif isinstance(value, dict):
                told[name] = dict(Counter(told[name]) + Counter(value))
            elif name in ("commands_run", "screens_shown", "screens_known", "exempt"):
                told[name] = sorted({*told[name], *value})
            else:
                told[name] = [*told[name], *value]
    return told


def _place(where: str) -> str:
    """The kind of place that a mark stands in."""
    form, _, rest = where.partition(", ")
    for sign, kind in (
        ("(0002,", "file meta information"), ("implementation class", "file meta information"),
        ("private information creator", "file meta information"), ("preamble", "preamble"),
        ("private", "private elements"), ("hidden in", "private elements"),
        ("deep", "private elements"), ("folder name", "names of folders and files"),
        ("file name", "names of folders and files"), ("a name", "names in eight scripts"),
    ):  # fmt: skip
        if sign in rest:
            return kind
    if form.startswith(("zip", "cut zip", "7z", "text file", "symlink")):
        return "archives, links and other files"
    if form.startswith(("table", "workbook")):
        return "clinical table and workbook"
    if form.startswith(("volume", "described volume")):
        return "NIfTI and its JSON"
    if form.startswith("nested"):
        return "elements in nested sequences"
    return "DICOMDIR" if form == "DICOMDIR" else "elements of data sets"


def markdown(told: Mapping[str, Any]) -> str:
    """The figures as a page."""
    unseen = sorted(set(told["screens_known"]) - set(told["screens_shown"]))
    lines = ["# Privacy bench", "", "| | |", "|---|---|"]
    rows = [
        ("planted identifiers", f"{told['planted']:,}"),
        ("bytes searched", f"{told['bytes_searched']:,}"),
        ("commands run", f"{told['commands']}, of {len(told['commands_run'])} kinds"),
        ("commands not run", _listed(told["commands_not_run"])),
        ("screens shown", f"{len(told['screens_shown'])} of {len(told['screens_known'])}"),
        ("screens not come by", _listed(unseen)),
        ("keys pressed and looked at", f"{told['keys_pressed']:,}"),
        ("crashes made", f"{told['crashes']}"),
        ("refusals in the hospital's words", f"{told['refusals_that_repeat_names']}"),
        ("kernel listened to", "yes" if told["kernel_listened_to"] else "no"),
        ("took", f"{told['minutes']} minutes, {told['cpu_minutes']} of processor"),
        ("stages that broke", f"{len(told['broke'])}"),
        ("**hits**", f"**{len(told['hits'])}**"),
    ]
    lines += [f"| {name} | {text} |" for name, text in rows]
    lines += _of("Planted, by place", told["planted_by_place"])
    lines += _of("Bytes searched, by channel", told["bytes_by_channel"])
    lines += ["", "## Written as", "", ", ".join(told["encodings"]) + "."]
    for title, key in (("Faults", "faults"), ("Exempt", "exempt"), ("Broke", "broke")):
        lines += ["", f"## {title}", "", *(f"- {one}" for one in told[key] or ["nothing"])]
    hits = Counter((hit["found"], hit["planted"]) for hit in told["hits"])
    lines += ["", "## Hits", ""]
    lines += [f"- {found}: {planted}" for found, planted in list(hits)[:200]] or ["- none"]
    return "\n".join(lines) + "\n"


def _of(title: str, counted: Mapping[str, int]) -> list[str]:
    return ["", f"## {title}", "", "| | |", "|---|--:|",
            *(f"| {name} | {count:,} |" for name, count in counted.items())]  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
