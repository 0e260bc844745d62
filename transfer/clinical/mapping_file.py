"""A transfer's mapping to a file, and from one: whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transfer.clinical.applying import follow_words
from transfer.clinical.columns import Role, column_told
from transfer.clinical.identifying import identifying
from transfer.clinical.mapping import Mapping, words_of
from transfer.clinical.mapping_text import MARK, is_writable, mapping_text, parse_mapping
from transfer.clinical.term_values import checked_terms, is_usual
from transfer.errors import UsageError
from transfer.ledger.clinical import clinical_columns, clinical_files
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import declare_inside, map_column, map_term, read_mapping
from transfer.private import create_private, sync_folder

_LARGEST: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Saved:
    """What was written. `left_out` counts headings and values that are a patient's own, or that no
    text file can hold: they were not."""

    columns: int
    terms: int
    declared: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was taken. `waiting` are headings that no table here has: they count once one has."""

    columns: int
    terms: int
    declared: int
    waiting: tuple[str, ...]


def save_mapping(ledger: Ledger, path: Path) -> Saved:
    """Write what persons said, for its owner alone; an earlier mapping there is replaced.

    Raises:
        UsageError: another file is there, or it cannot be written.
    """
    mapping, known = read_mapping(ledger), _known(ledger)
    clean = _without_patients(ledger, mapping)
    content = mapping_text(clean, _clean_headings(ledger, known)).encode("utf-8")
    if not _is_mapping(path):
        create_private(path, content)
    else:
        draft = path.with_name(f".{path.name}.draft-{os.getpid()}")
        create_private(draft, content)
        try:
            os.replace(draft, path)
            sync_folder(path.absolute().parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(draft)
            raise UsageError(
                "The mapping file cannot be written.", "Name another file for --save-mapping."
            ) from error
    return Saved(
        len(clean.columns),
        len(clean.terms),
        len(clean.declared),
        len(mapping.columns) + len(mapping.terms) - len(clean.columns) - len(clean.terms),
    )


def load_mapping(ledger: Ledger, path: Path, person: str) -> Loaded:
    """Take what a file says, beside what was said before; of the same column, value or attribute
    the file's word counts.

    Raises:
        UsageError: it cannot be read, says what cannot be, or gives an attribute to two columns of
            a table that is here.
    """
    said = parse_mapping(_read(path))
    terms = checked_terms(ledger, said.terms)
    headings = _headings(ledger)
    _refuse_claims(read_mapping(ledger), said, headings)
    with ledger.transaction():
        for column in said.columns:
            map_column(ledger, column, person.strip())
        follow_words(ledger, [column.heading for column in said.columns])
        # Behind the columns: a value means something in the column that now holds it.
        for term in terms:
            map_term(ledger, term, person.strip())
        for one in said.declared:
            declare_inside(ledger, one)
    here = {heading for table in headings for heading in table}
    waiting = tuple(c.heading for c in said.columns if c.heading not in here)
    return Loaded(len(said.columns), len(terms), len(said.declared), waiting)


def _headings(ledger: Ledger) -> list[list[str]]:
    return [
        [column.heading for column in clinical_columns(ledger, file.row)]
        for file in clinical_files(ledger)
        if not file.problem
    ]


def _refuse_claims(before: Mapping, said: Mapping, tables: list[list[str]]) -> None:
    new = {column.heading for column in said.columns}
    merged = Mapping(
        (*said.columns, *(column for column in before.columns if column.heading not in new))
    )
    for headings in tables:
        words = words_of(merged, headings)
        claims = Counter(one.role for one in words.values())
        for place, one in words.items():
            if one.role is not None and one.role is not Role.OTHER_DATE and claims[one.role] > 1:
                raise UsageError(
                    f"The mapping file gives {one.role.value} to {column_told(place, one.heading)}"
                    " and to another column of the same table.",
                    "Take one of them out of the file, or take the earlier word back with"
                    " --unmap COLUMN.",
                )


def _known(ledger: Ledger) -> list[tuple[str, Role]]:
    """Columns whose headings tell what they hold."""
    said = {column.heading for column in read_mapping(ledger).columns}
    found = {
        column.heading: Role(column.role)
        for file in clinical_files(ledger)
        for column in clinical_columns(ledger, file.row)
        if column.role and column.heading not in said
    }
    return list(found.items())


def _clean_headings(ledger: Ledger, known: list[tuple[str, Role]]) -> list[tuple[str, Role]]:
    found = identifying(ledger, [heading for heading, _ in known])
    return [(h, role) for h, role in known if h not in found and is_writable(h)]


def _without_patients(ledger: Ledger, mapping: Mapping) -> Mapping:
    """Without headings and values that are a patient's own: a table without headings has a
    patient's values in their place."""
    asked = [column.heading for column in mapping.columns]
    asked += [
        text
        for term in mapping.terms
        for text in (term.value, term.term)
        if not is_usual(term.role, text)
    ]
    found = identifying(ledger, asked)

    def stays(*texts: str) -> bool:
        return all(text not in found and is_writable(text) for text in texts)

    return Mapping(
        tuple(column for column in mapping.columns if stays(column.heading)),
        tuple(term for term in mapping.terms if stays(term.value, term.term)),
        mapping.declared,
    )


def _is_mapping(path: Path) -> bool:
    try:
        return _read(path).startswith(MARK.encode())
    except UsageError:
        return False


def _read(path: Path) -> bytes:
    try:
        # A pipe in the place of the file must not hold us up.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError("The mapping file is no file.", "Name a TOML file.")
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(
            "The mapping file cannot be opened.", "See whether it is there and may be read."
        ) from error
    if len(content) > _LARGEST:
        raise UsageError("The mapping file is far too large to be one.", "Name another file.")
    return content
