"""Which attribute a column may hold whose heading is not one that is surely known.

Told from headings that are alike or foreign, and from a sample of the values. Nothing of it is
applied: a person confirms it, and where two columns claim one attribute that person is asked.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from transfer.clinical.attributes import ATTRIBUTES, Form
from transfer.clinical.columns import DATES, SPELLINGS, Role, bare, telling
from transfer.clinical.mapping import Unit
from transfer.clinical.spellings import FOREIGN
from transfer.clinical.terms import VOCABULARIES, is_icd_o, propose_term, term_of
from transfer.clinical.units import AGES, OWN_UNIT, UNITS_OF
from transfer.clinical.values import number, written_date

_MOST: Final = 3
_LIKENESS: Final = 0.86
_SHORTEST: Final = 5
_LONGEST: Final = 42
_NEARLY_ALL: Final = 0.9
_DISTINCT: Final = 40
_YEARS: Final = range(1900, 2101)
_EXPORT: Final = "export"
_USUAL: Final = "such headings are usual for it"

_UNITS: Final = {
    Unit.YEARS: ("years", "year", "yrs", "yr", "y", "anos", "jahre", "anni", "ans", "jaar"),
    Unit.MONTHS: ("months", "month", "mo", "meses", "monate", "mesi", "mois", "maanden"),
    Unit.WEEKS: ("weeks", "week", "wk", "semanas", "wochen", "settimane", "semaines", "weken"),
    Unit.DAYS: ("days", "day", "d", "dias", "tage", "giorni", "jours", "dagen"),
}
_UNIT_BEHIND: Final = re.compile(r"^(.*?)[\s_(\[,.-]+(?:in[\s_]+)?([^\W\d_]+)[)\]\s]*$")
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_AGE_WORDS: Final = {"age", "edad", "alter", "eta", "leeftijd", "idade"}
_DIAGNOSIS_WORDS: Final = ("dx", "diag")


@dataclass(frozen=True, slots=True)
class Sample:
    """What a sample of rows holds in one column: values that are not empty, without blanks around
    them. `patients` and `studies`: how many of them are IDs and UIDs of the images."""

    values: Sequence[str] = field(default=(), repr=False)
    patients: int = 0
    studies: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """An attribute that a column may hold. `why` is a piece of a sentence; `unit` what the heading
    says of the values, None where that is the attribute's own; `rivals` are the places of other
    columns that claim the attribute or have it. The higher its `strength`, the surer."""

    role: Role
    why: str
    strength: int
    unit: Unit | None = None
    rivals: tuple[int, ...] = ()


def proposals(
    headings: Sequence[str],
    roles: Mapping[int, Role],
    said: Mapping[int, Role | None],
    samples: Mapping[int, Sample],
) -> dict[int, tuple[Proposal, ...]]:
    """Proposals by place, the best first, for columns of which nobody said anything and whose
    heading is not known. `roles` are those in force."""
    by_word = {role for role in said.values() if role is not None}
    held: dict[Role, int] = {
        role: place for place, role in roles.items() if role is not Role.OTHER_DATE
    }
    found: dict[int, list[Proposal]] = {}
    for place, heading in enumerate(headings):
        if place in said or (place in roles and roles[place] is not Role.OTHER_DATE):
            continue
        here = [
            one
            for one in _of_column(heading, samples.get(place, Sample()))
            if one.role not in by_word and one.role is not roles.get(place)
        ]
        if here:
            found[place] = here[:_MOST]
    return {
        place: tuple(_with_rivals(place, one, found, held) for one in here)
        for place, here in found.items()
    }


def clear_choice(found: Sequence[Proposal]) -> Proposal | None:
    """The one that may be confirmed together with those of other columns: no other is as good, and
    no other column claims the same."""
    if not found or found[0].rivals:
        return None
    if len(found) > 1 and found[1].strength == found[0].strength:
        return None
    return found[0]


def _with_rivals(
    place: int, one: Proposal, found: Mapping[int, Sequence[Proposal]], held: Mapping[Role, int]
) -> Proposal:
    if one.role is Role.OTHER_DATE:
        return one
    rivals = {p for p, others in found.items() if p != place and others[0].role is one.role}
    if one.role in held:
        rivals.add(held[one.role])
    return replace(one, rivals=tuple(sorted(rivals)))


def _of_column(heading: str, sample: Sample) -> list[Proposal]:
    if telling(heading):
        # A column of names is no attribute, but a hospital number may be the images' Patient ID.
        found = list(_by_images(sample))
    else:
        found = [*_by_images(sample), *_by_heading(heading), *_by_values(heading, sample)]
    best: dict[Role, Proposal] = {}
    for one in sorted(found, key=lambda one: -one.strength):
        if not _contradicts(one.role, sample):
            best.setdefault(one.role, one)
    if len(best) > 1:
        # Any date is "another date" too.
        best.pop(Role.OTHER_DATE, None)
    return list(best.values())


def _by_images(sample: Sample) -> Iterator[Proposal]:
    if sample.patients * 2 > len(sample.values):
        yield Proposal(Role.PATIENT, "its values are Patient IDs of the images", 5)
    if sample.studies * 2 > len(sample.values):
        yield Proposal(Role.STUDY, "its values are UIDs of the images", 5)


def _by_heading(heading: str) -> Iterator[Proposal]:
    plain, unit = _without_unit(heading)
    spelt = bare(plain)
    if unit is not None:
        for role, spellings in SPELLINGS.items():
            if spelt in spellings and unit in UNITS_OF.get(role, ()):
                yield Proposal(role, f"its heading says {unit}", 4, _other_unit(role, unit))
    exact = _languages(spelt)
    for role, languages in exact.items():
        known = [language for language in languages if language != _EXPORT]
        why = f"its heading is {' or '.join(known)}" if known else _USUAL
        if _is_told_in(role, unit):
            yield Proposal(role, why, 3 if known else 2, _other_unit(role, unit))
    for role in () if exact else _near(spelt):
        if _is_told_in(role, unit):
            yield Proposal(role, "its heading is nearly a known one", 2, _other_unit(role, unit))


def _is_told_in(role: Role, unit: Unit | None) -> bool:
    """Whether values of the unit that a heading names can be converted for the role."""
    return unit is None or role not in UNITS_OF or unit in UNITS_OF[role]


def _other_unit(role: Role, unit: Unit | None) -> Unit | None:
    return None if unit is OWN_UNIT.get(role) or role not in OWN_UNIT else unit


def _without_unit(heading: str) -> tuple[str, Unit | None]:
    """`Age (months)` is a heading and its unit."""
    if found := _UNIT_BEHIND.fullmatch(heading[:256].strip()):
        behind = bare(found[2])
        for unit, spellings in _UNITS.items():
            if behind in spellings and found[1].strip():
                return found[1], unit
    return heading, None


def _languages(spelt: str) -> dict[Role, list[str]]:
    found: dict[Role, list[str]] = {}
    for language, roles in FOREIGN.items():
        for role, spellings in roles.items():
            if spelt in spellings:
                found.setdefault(role, []).append(language)
    return found


@lru_cache(8192)
def _near(spelt: str) -> tuple[Role, ...]:
    """Roles with a spelling that differs in a letter or two."""
    if not _SHORTEST <= len(spelt) <= _LONGEST:
        return ()
    known = {s: r for s, r in _known() if abs(len(s) - len(spelt)) <= 2 and s != spelt}
    matches = difflib.get_close_matches(spelt, known, n=3, cutoff=_LIKENESS)
    return tuple(dict.fromkeys(known[match] for match in matches))


def _known() -> Iterator[tuple[str, Role]]:
    yield "patientid", Role.PATIENT
    for role, spellings in SPELLINGS.items():
        yield from ((spelling, role) for spelling in spellings)
    for language, roles in FOREIGN.items():
        if language != _EXPORT:
            for role, spellings in roles.items():
                yield from ((spelling, role) for spelling in spellings)


def _by_values(heading: str, sample: Sample) -> Iterator[Proposal]:
    values = sample.values
    if not values:
        return
    if _share(values, _is_date) >= _NEARLY_ALL:
        yield Proposal(Role.OTHER_DATE, "its values are dates", 1)
        return
    words = {bare(word) for word in _WORDS.findall(heading[:256])}
    if words & _AGE_WORDS and _share(values, _is_age) >= _NEARLY_ALL:
        is_at_diagnosis = any(word.startswith(_DIAGNOSIS_WORDS) for word in words)
        role = Role.AGE_AT_DIAGNOSIS if is_at_diagnosis else Role.AGE
        yield Proposal(role, "its heading speaks of an age, and its values are ages", 2)
    if _share(values, lambda text: is_icd_o(Role.PATHOLOGY, text)) >= 1 / 2:
        yield Proposal(Role.PATHOLOGY, "its values are codes of ICD-O-3", 1)
    distinct = set(values)
    if len(distinct) <= _DISTINCT:
        for role in VOCABULARIES:
            if _are_terms(role, distinct):
                yield Proposal(role, f"its values are terms of {ATTRIBUTES[role].title}", 1)


def _are_terms(role: Role, distinct: set[str]) -> bool:
    """Whether nearly all values are terms; a short one alone is none, for CT is a treatment and a
    picture."""
    if role is Role.SEX and {text.casefold() for text in distinct} in ({"f", "m"}, {"h", "m"}):
        return True
    known = [
        text
        for text in distinct
        if len(bare(text)) >= 4 and (term_of(role, text) or propose_term(role, text))
    ]
    return len(known) >= _NEARLY_ALL * len(distinct)


def _contradicts(role: Role, sample: Sample) -> bool:
    """Whether most values cannot be what the role means."""
    values = sample.values
    if not values:
        return role is Role.OTHER_DATE
    if role in DATES:
        return _share(values, _is_date) < 1 / 2
    if role in (*AGES, Role.RELATIVE_DAY, Role.TIMEPOINT):
        return _share(values, lambda text: number(text) is not None) < 1 / 2
    return ATTRIBUTES[role].form is Form.TERM and _share(values, _is_date) >= 1 / 2


def _share(values: Sequence[str], fits: Callable[[str], bool]) -> float:
    return sum(map(fits, values)) / len(values)


def _is_date(text: str) -> bool:
    written = written_date(text)
    return written.is_open or (written.date is not None and written.date.year in _YEARS)


def _is_age(text: str) -> bool:
    found = number(text)
    return found is not None and 0 <= found <= 120
