"""What named persons say about findings: waivers and answers, one by one or from a file.

A word is about what stands open when it is said. What a later scan finds is asked about again, and
a file of answers, which is read at every check, answers that as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from transfer.errors import UsageError
from transfer.foreign_toml import parse_toml, read_bounded
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import keys_in_the_way, open_keys, read_findings, settle_findings
from transfer.ledger.selection import add_rule
from transfer.ledger.waivers import ALL
from transfer.prepare.method import IDENTIFIER_RULE
from transfer.quality.engine_words import WAIVABLE, release_found, waive_whole
from transfer.quality.rule import Rule
from transfer.quality.rules import BY_ID
from transfer.quality.rules.age import AGE_UNIT_RULE, CAP

AGREED_TO_DO_WITHOUT: Final = ("IMG-02", "IMG-03", "IMG-04", "IMG-05", "IMG-06")
"""Attributes that EUCAIM asks for and a node's people may agree to do without."""

EXCLUDE: Final = "exclude"
USE: Final = "use"
_LARGEST_FILE: Final = 1024 * 1024
SELECTABLE: Final = "PSEIF"


@dataclass(frozen=True, slots=True)
class Said:
    """One person's word on a rule: a choice, or with an empty one a waiver. Without keys it is
    about all that stands open."""

    rule: str
    choice: str
    person: str
    reason: str
    keys: tuple[str, ...] | None = None

    @property
    def is_waiver(self) -> bool:
        return not self.choice


def is_waivable(rule: str) -> bool:
    """Whether a named person may set findings of this rule aside."""
    if rule in WAIVABLE:
        return True
    known = BY_ID.get(rule)
    return known is not None and (known.is_waivable or rule in AGREED_TO_DO_WITHOUT)


def waive(
    ledger: Ledger, rule: str, keys: Sequence[str] | None, person: str, reason: str
) -> list[str]:
    """Set findings aside; the keys of those that stood open.

    Raises:
        UsageError: there is no such rule, it may not be waived, or the person or reason is missing.
    """
    return say(ledger, checked(Said(rule, "", person, reason, _tuple(keys))))


def answer(
    ledger: Ledger, rule: str, choice: str, keys: Sequence[str] | None, person: str, reason: str
) -> list[str]:
    """Answer questions, with what follows from the answer; the keys of those that stood open.

    Raises:
        UsageError: there is no such rule or choice, or the person is missing.
    """
    return say(ledger, checked(Said(rule, choice, person, reason, _tuple(keys))))


def _tuple(keys: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if keys is None else tuple(keys)


def checked(said: Said) -> Said:
    """The word as it is kept, if it can be honoured.

    Raises:
        UsageError: it cannot.
    """
    rule = BY_ID.get(said.rule)
    if rule is None and not (said.is_waiver and said.rule in WAIVABLE):
        raise UsageError(
            f"There is no rule {said.rule!r} that could be answered or waived.",
            "See the rules that found something with: eucaim-transfer check NAME",
        )
    needs_reason = said.is_waiver or (rule is not None and needs_a_reason(rule, said.choice))
    if not said.person.strip() or (needs_reason and not said.reason.strip()):
        raise UsageError(
            f"A word on {said.rule} is given by a named person"
            f"{', with a reason' if needs_reason else ''}.",
            "Add --by PERSON --reason TEXT; both are kept with the transfer.",
        )
    if said.is_waiver and not is_waivable(said.rule):
        raise UsageError(
            f"No person's word changes anything about {said.rule}.",
            "Mend what it found, or exclude it: eucaim-transfer select NAME --exclude-finding"
            f" {said.rule}",
        )
    if not said.is_waiver and rule is not None and not _can_be(rule, said.choice):
        raise UsageError(
            f"{said.choice!r} is no answer to {said.rule}.", f"It takes: {choices_told(rule)}."
        )
    return said


def _can_be(rule: Rule, choice: str) -> bool:
    if any(choice == known.word for known in rule.choices):
        return True
    return rule.accepts is not None and rule.accepts(choice)


def needs_a_reason(rule: Rule, choice: str) -> bool:
    """Whether this answer is taken with a reason only."""
    return any(known.needs_reason for known in rule.choices if known.word == choice)


def choices_told(rule: Rule) -> str:
    """The answers that a rule takes, for people."""
    told = [f"{choice.word} ({choice.text})" for choice in rule.choices]
    if rule.accepts is not None:
        told.append(rule.asks_for or "your own words")
    return ", ".join(told) or "none"


def say(ledger: Ledger, said: Said) -> list[str]:
    """Carry out a checked word on what stands open now; the keys that it was about."""
    if said.is_waiver and said.rule in WAIVABLE:
        return _on_engine(ledger, said)
    excludes = said.choice == EXCLUDE and said.keys is None
    keys = (keys_in_the_way if excludes else open_keys)(ledger, said.rule)
    if said.keys is not None:
        wanted = set(said.keys)
        keys = [key for key in keys if key in wanted]
    if not keys:
        return []
    if said.choice == EXCLUDE:
        return _exclude(ledger, said, keys)
    if said.rule == "IMG-06" and said.choice == USE:
        _take_dates(ledger, said, keys)
    if said.rule == AGE_UNIT_RULE:
        _take_units(ledger, said, keys)
    if said.rule == "AGE-04" and said.choice == CAP:
        _cap_ages(ledger, said, keys)
    return settle_findings(
        ledger,
        said.rule,
        keys,
        "waived" if said.is_waiver else "answered",
        said.choice or "waived",
        said.person,
        said.reason,
    )


def _on_engine(ledger: Ledger, said: Said) -> list[str]:
    if said.rule == IDENTIFIER_RULE:
        return release_found(ledger, said.person, said.reason, keys=said.keys)
    if said.keys is not None:
        raise UsageError(f"{said.rule} is waived as a whole.", "Leave the keys out.")
    about = [ALL] if waive_whole(ledger, said.rule, said.person, said.reason) else []
    # What a header rule of that name found is waived as it stands open now.
    keys = [key for key in open_keys(ledger, said.rule) if key != ALL]
    if said.rule in BY_ID and keys:
        about += settle_findings(
            ledger, said.rule, keys, "waived", "waived", said.person, said.reason
        )
    return about


def _exclude(ledger: Ledger, said: Said, keys: list[str]) -> list[str]:
    """What is excluded is not settled: taken in again, it is asked about again."""
    if not all(key[0] in SELECTABLE and key[1:].isdecimal() for key in keys):
        raise UsageError(
            f"What {said.rule} found cannot be excluded.",
            "See what it found, and what to do, with: eucaim-transfer check NAME",
        )
    if said.keys is None:
        add_rule(ledger, "exclude", "finding", said.rule, person=said.person, reason=said.reason)
    else:
        add_rule(ledger, "exclude", "key", ",".join(keys), person=said.person, reason=said.reason)
    return keys


def _take_dates(ledger: Ledger, said: Said, keys: list[str]) -> None:
    from transfer.ledger.mends import add_offered_dates

    add_offered_dates(ledger, keys, said.person, said.reason)


def _take_units(ledger: Ledger, said: Said, keys: list[str]) -> None:
    """A person's word on the unit of the columns that a finding names."""
    from transfer.clinical.choosing import choose_unit
    from transfer.clinical.mapping import Unit
    from transfer.ledger.clinical import clinical_columns, clinical_files
    from transfer.quality.cells import read_cells

    files = {file.key: file.row for file in clinical_files(ledger)}
    for key in keys:
        for finding in read_findings(ledger, 1, rule=said.rule, key=key):
            columns = clinical_columns(ledger, files[key])
            for cell in read_cells(finding.cells):
                choose_unit(ledger, columns[cell.place].heading, Unit(said.choice), said.person)


def _cap_ages(ledger: Ledger, said: Said, keys: list[str]) -> None:
    from transfer.ledger.mends import add_top_age

    add_top_age(ledger, keys, said.person, said.reason)


def read_answers(path: Path) -> list[Said]:
    """The words of an answers file (TOML): `person`, tables `[[answer]]` with `rule`, `choice`,
    and `[[waive]]` with `rule`, each with `reason` and perhaps `keys` and a `person` of its own.

    Raises:
        UsageError: the file cannot be read, or says what cannot be honoured; it names the rule.
    """
    try:
        document = parse_toml(read_bounded(path, _LARGEST_FILE).decode("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            "The file of answers cannot be read.",
            "It has to be a TOML file in UTF-8: person = …, then [[answer]] and [[waive]] tables.",
        ) from error
    unknown = set(document) - {"person", "answer", "waive"}
    if unknown:
        raise _unreadable("", f"{sorted(unknown)[0]!r} is not known")
    person = document.get("person", "")
    said = [_said(entry, person, is_waiver=False) for entry in _tables(document, "answer")]
    said += [_said(entry, person, is_waiver=True) for entry in _tables(document, "waive")]
    if not said:
        raise _unreadable("", "it holds no [[answer]] and no [[waive]]")
    return said


def _tables(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    tables = document.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise _unreadable("", f"{name!r} has to be written as [[{name}]]")
    return tables


def _said(entry: Mapping[str, Any], person: object, *, is_waiver: bool) -> Said:
    rule = entry.get("rule")
    if not isinstance(rule, str) or not rule:
        raise _unreadable("", "an entry names no rule")
    allowed = {"rule", "keys", "reason", "person"} | (set() if is_waiver else {"choice"})
    unknown = set(entry) - allowed
    if unknown:
        raise _unreadable(rule, f"{sorted(unknown)[0]!r} is not known there")
    keys = entry.get("keys")
    if keys is not None and not (
        isinstance(keys, list) and keys and all(isinstance(key, str) and key for key in keys)
    ):
        raise _unreadable(rule, "keys have to be a list of texts")
    texts = [entry.get("choice", ""), entry.get("person", person), entry.get("reason", "")]
    if not all(isinstance(text, str) for text in texts):
        raise _unreadable(rule, "choice, person and reason are texts")
    choice, by, reason = texts
    if not is_waiver and not choice:
        raise _unreadable(rule, "an answer has no choice")
    return checked(Said(rule, choice, by, reason, None if keys is None else tuple(keys)))


def _unreadable(rule: str, what: str) -> UsageError:
    at = f" at {rule}" if rule else ""
    return UsageError(
        f"The file of answers cannot be understood{at}: {what}.",
        "Correct it there; person, [[answer]] and [[waive]] are what it may hold.",
    )


def say_all(ledger: Ledger, words: Sequence[Said]) -> int:
    """Carry out every word on what stands open now; how many findings that were."""
    return sum(len(say(ledger, said)) for said in words)


def unknown_keys(ledger: Ledger, words: Sequence[Said]) -> list[tuple[str, str]]:
    """Rule and key of each word about something that the rule has never found here."""
    return [
        (said.rule, key)
        for said in words
        for key in said.keys or ()
        if said.rule in BY_ID
        and not read_findings(ledger, 1, rule=said.rule, key=key, standing=None)
        and not ledger.number("SELECT 1 FROM settled WHERE rule = ? AND key = ?", said.rule, key)
    ]
