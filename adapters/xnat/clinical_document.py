"""A subject's clinical data as a JSON file beside its images."""

from __future__ import annotations

import json
from collections.abc import Mapping

from adapters.xnat.labels import short_hash, subject_of
from transfer.clinical.leaving import ClinicalDocument, ClinicalSubject, SubjectTable
from transfer.errors import ClinicalRefused


def document(subject: ClinicalSubject, node: str) -> ClinicalDocument:
    """`{"PatientID": …, "tables": {NAME: [{HEADING: TEXT, …}, …]}}`: a record for each row, by
    its headings in their order, every value a text as it stands in the table, null where its cell
    is empty. pandas reads the records of a table as they are.

    Raises:
        ClinicalRefused: two columns of a table, or two tables, would share a name.
    """
    tables: dict[str, list[Mapping[str, str | None]]] = {}
    for table in subject.tables:
        if table.name in tables:
            raise _unfit("Two clinical tables have one name.", "Rename one of them.", node)
        tables[table.name] = _records(table, node)
    whole = {"PatientID": subject.pseudonym, "tables": tables}
    try:
        content = (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()
    except UnicodeEncodeError as problem:
        raise _unfit(
            "A value of the clinical table is no text.",
            "Save the table as UTF-8, and take it anew.",
            node,
        ) from problem
    return ClinicalDocument(_name(subject.pseudonym), "application/json", content)


def _name(pseudonym: str) -> str:
    """Two pseudonyms that XNAT would take for one label still have two names."""
    label = subject_of(pseudonym)
    if label == pseudonym and not label.startswith("-"):
        return f"{label}_clinical.json"
    return f"{label.lstrip('-')}-{short_hash(pseudonym)}_clinical.json"


def _records(table: SubjectTable, node: str) -> list[Mapping[str, str | None]]:
    headings = [field.heading for field in table.fields]
    for place, heading in enumerate(headings):
        if heading in headings[:place]:
            raise _unfit(
                f"Columns {headings.index(heading) + 1} and {place + 1} of the clinical table have "
                "the same heading, and a record has room for one.",
                "Rename one of them, or leave it out.",
                node,
            )
    return [
        {heading: value or None for heading, value in zip(headings, row, strict=True)}
        for row in table.rows
    ]


def _unfit(what: str, remedy: str, node: str) -> ClinicalRefused:
    return ClinicalRefused(what, remedy, node=node)
