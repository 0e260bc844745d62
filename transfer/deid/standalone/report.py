"""What became of a folder that was de-identified: counts, reasons and findings, and no names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from transfer.deid.model import Label
from transfer.deid.standalone.rows import Fate, Group, Rows
from transfer.deid.standalone.tables import SENTENCES, TableFinding, TableKind, TableResult
from transfer.values import ExitCode

_NAMED_AT_MOST: Final = 10_000
_PLACES_AT_MOST: Final = 8


@dataclass(frozen=True, slots=True)
class FolderFinding:
    """Something that a person has to know; `key` is the row of a file, by rank of its path."""

    rule: str
    severity: str
    level: str
    key: str
    message: str
    remedy: str

    def document(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class FolderReport:
    """The end of it. `counts` has every file once; `groups` tell all that was not written."""

    label: Label
    counts: dict[str, int]
    totals: tuple[int, int, int, int]
    groups: tuple[Group, ...]
    findings: tuple[FolderFinding, ...]
    paths: dict[int, bytes] = field(repr=False)

    @property
    def files(self) -> int:
        return sum(self.counts.values())

    @property
    def exit_code(self) -> int:
        """3 where something was stopped, 4 where an instance is missing otherwise."""
        if any(finding.severity == "block" for finding in self.findings):
            return ExitCode.BLOCKED
        missing = self.counts[Fate.QUARANTINED] + self.counts[Fate.SKIPPED]
        return ExitCode.PARTIAL if missing else ExitCode.DONE

    def document(self, *, identifiers: bool = False) -> dict[str, Any]:
        """The one JSON document; with `identifiers` the files are named too."""
        lists: dict[str, list[dict[str, Any]]] = {
            fate.value: [] for fate in Fate if fate not in (Fate.WRITTEN, Fate.TABLE)
        }
        for group in self.groups:
            told: dict[str, Any] = {
                "reason": group.reason,
                "message": group.message,
                "count": group.count,
                "keys": [str(row) for row in group.rows],
            }
            if identifiers:
                told["paths"] = [os.fsdecode(self.paths[row]) for row in group.rows]
            lists[group.fate].append(told)
        patients, studies, series, size = self.totals
        return {
            "profile": {
                "name": self.label.name,
                "version": self.label.version,
                "sha256": self.label.sha256,
            },
            "files": self.files,
            "counts": self.counts,
            "patients": patients,
            "studies": studies,
            "series": series,
            "bytes": size,
            **lists,
            "findings": [finding.document() for finding in self.findings],
        }


def report_of(
    rows: Rows, tables: Sequence[tuple[int, TableKind, TableResult]], label: Label
) -> FolderReport:
    """Sum up."""
    *totals, unmarked = rows.totals()
    patients, studies, series, size = totals
    groups = tuple(rows.groups(_NAMED_AT_MOST))
    findings = [*_stopped(rows), *_merged(rows), *_tables(tables)]
    if unmarked:
        findings.append(_unmarked(unmarked))
    return FolderReport(
        label,
        rows.counts(),
        (patients, studies, series, size),
        groups,
        tuple(findings),
        {row: rows.path(row) for group in groups for row in group.rows},
    )


def _stopped(rows: Rows) -> Iterator[FolderFinding]:
    for row, count, places in rows.hits():
        shown = ", ".join(places[:_PLACES_AT_MOST])
        more = f" and {len(places) - _PLACES_AT_MOST} more" if places[_PLACES_AT_MOST:] else ""
        yield FolderFinding(
            "DID-03",
            "block",
            "patient",
            str(row),
            f"An original identifier was found in what would leave of {count} files of one patient:"
            f" {shown}{more}. Nothing of this patient is written.",
            "Look at these elements in the source. Remove them there, or choose a profile or script"
            " that does. If what stands in an element tells nobody who it is, a named person can"
            " answer for it: --release GGGG,EEEE --by PERSON --reason TEXT",
        )


def _merged(rows: Rows) -> Iterator[FolderFinding]:
    for patients in rows.merged():
        yield FolderFinding(
            "UNQ-04",
            "warn",
            "patient",
            "",
            f"{patients} patients of the source have the same Patient ID in the output.",
            "If they are different persons, give each a Patient ID at the source (it may be"
            " missing), or correct the script.",
        )


def _tables(tables: Sequence[tuple[int, TableKind, TableResult]]) -> Iterator[FolderFinding]:
    for row, _, result in tables:
        for finding in result.findings:
            told = SENTENCES[finding.problem]
            yield FolderFinding(
                told.rule, told.severity, "table", str(row), told.what + _where(finding),
                told.remedy,
            )  # fmt: skip


def _where(finding: TableFinding) -> str:
    column = f" Column {finding.column}." if finding.column else ""
    if not finding.rows or finding.rows == (0,):
        return column
    shown = ", ".join(map(str, finding.rows))
    more = (
        f" and {finding.count - len(finding.rows)} more"
        if finding.count > len(finding.rows)
        else ""
    )
    return f"{column} Lines: {shown}{more}."


def _unmarked(count: int) -> FolderFinding:
    return FolderFinding(
        "DID-02",
        "warn",
        "dataset",
        "",
        f"{count} instances do not say that they are de-identified (0012,0062).",
        "A node may want that, or a person's word for it. The profile eucaim says it.",
    )
