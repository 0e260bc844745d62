"""What a selection rule fits, as SQL over one Series and, where it is named, one instance.

Aliases: `e` series, `s` study, `p` patient, `i` instance. Every value is a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, get_args

from transfer.errors import UsageError
from transfer.ledger.parts import read_part

Action = Literal["include", "exclude", "only"]
Subject = Literal[
    "key",
    "modality",
    "body-part",
    "study-date",
    "description",
    "finding",
    "patients",
    "part",
    "studies",
]
ACTIONS: Final[tuple[str, ...]] = get_args(Action)
SUBJECTS: Final[tuple[str, ...]] = get_args(Subject)
LISTED: Final = ("patients", "studies")
NAMED: Final = ("key", "finding")
"""Subjects whose entries are row keys."""

LAST_WORD_ON_FILE: Final = (
    "(SELECT r.action FROM selection_item x JOIN selection_rule r ON r.id = x.rule_id"
    " AND r.subject IN ('key', 'finding') WHERE x.text = 'F' || f.id ORDER BY r.id DESC LIMIT 1)"
)
"""What was said last of the file `f` by its own key; NULL where nothing was."""

_KEY: Final = re.compile(r"[PSEIF][0-9]{1,18}")
_DATES: Final = re.compile(r"([0-9]{8})?-([0-9]{8})?")
_COMMA: Final = re.compile(r"\s*,\s*")

Term = tuple[str, list[object]]


def words_of(value: str) -> list[str]:
    """A comma list as its words, in upper case."""
    return [word for word in _COMMA.split(value.strip().upper()) if word]


def keys_of(value: str) -> list[str]:
    """A comma list of row keys.

    Raises:
        UsageError: one is no row key.
    """
    keys = words_of(value)
    if not keys or not all(_KEY.fullmatch(key) for key in keys):
        raise UsageError(
            "That is no key of a patient, study, series, instance or file.",
            "Give keys as status, check and scan show them: P1, S2, E3, I4, F5.",
        )
    return keys


def dates_of(value: str) -> tuple[str, str]:
    """First and last day of a range; an open end reaches as far as dates go.

    Raises:
        UsageError: it is no range.
    """
    found = _DATES.fullmatch(value.strip())
    if found is None or not (found[1] or found[2]) or (found[1] or "0") > (found[2] or "9"):
        raise UsageError(
            "That is no range of study dates.",
            "Give it as YYYYMMDD-YYYYMMDD; one side may be left open: 20200101- for one.",
        )
    return found[1] or "00000000", found[2] or "99999999"


def term(rule: int, subject: str, value: str, *, has_instance: bool) -> Term:
    """Whether an object is what the rule names."""
    if subject in NAMED:
        keys = ["'P' || s.patient_id", "'S' || s.id", "'E' || e.id"]
        if has_instance:
            keys += ["'I' || i.sop_instance_uid", "'F' || i.file_id"]
        return _among(", ".join(keys)), [rule]
    if subject == "patients":
        return _among("p.original_id"), [rule]
    if subject == "part":
        part, parts = read_part(value)
        return "part_of(p.original_id, ?) = ?", [parts, part]
    if subject == "studies":
        return _among("s.study_uid"), [rule]
    if subject == "study-date":
        return "replace(s.study_date, '.', '') BETWEEN ? AND ?", list(dates_of(value))
    if subject == "description":
        text = value.strip().casefold()
        return "(instr(casefold(e.description), ?) OR instr(casefold(s.description), ?))", [
            text
        ] * 2
    column = {"modality": "e.modality", "body-part": "e.body_part"}[subject]
    words = words_of(value)
    return f"upper(trim({column})) IN ({', '.join('?' * len(words))})", [*words]


def _among(texts: str) -> str:
    return (
        "EXISTS (SELECT 1 FROM selection_item x WHERE x.rule_id = ?"  # noqa: S608 - literals of ours
        f" AND x.text IN ({texts}))"
    )


def left_out(rules: Sequence[tuple[int, str, str, str]], *, has_instance: bool) -> Term:
    """1 for what does not go, by rules in their order as (id, action, subject, value).

    The last rule that fits decides; `only` fits, and leaves out, what is not what it names.
    """
    cases, values = [], []
    for rule, action, subject, value in reversed(rules):
        fits, of = term(rule, subject, value, has_instance=has_instance)
        cases.append(
            f"WHEN NOT ({fits}) THEN 1"
            if action == "only"
            else f"WHEN {fits} THEN {int(action == 'exclude')}"
        )
        values += of
    if not cases:
        return "0", []
    return f"CASE {' '.join(cases)} ELSE 0 END", values
