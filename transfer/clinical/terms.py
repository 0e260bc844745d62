"""The terms in which EUCAIM's coded attributes are written, and which term a value may stand for.

EUCAIM's texts name the five terms of Population with their codes (section 5 of the requirements),
Female and Male (CLP-03), Biopsy as an example (CLP-07) and the six episodes (TPT-04). All others
are ours: plain English words that any reader understands, offered since no list was published.
A proposal is nothing but that: what leaves is what was written, until a person confirmed a term.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from transfer.clinical.columns import Role, bare
from transfer.clinical.term_aliases import ALIASES

LONGEST: Final = 200
"""Characters of a value that may be a term."""

# ICD-O-3 (WHO, third edition): morphology 8140/3, behaviour 0-3, 6 or 9, perhaps with a grade
# behind it; topography C34.1.
_MORPHOLOGY: Final = re.compile(r"(?:M-?)?[89]\d{3}/[012369]\d?", re.IGNORECASE)
_TOPOGRAPHY: Final = re.compile(r"C\d{2}(?:\.?\d)?", re.IGNORECASE)
_PARTS: Final = re.compile(r"\s*[;,+/&|]\s*")
_MOST_PARTS: Final = 8


@dataclass(frozen=True, slots=True)
class Term:
    """One term. `code` is EUCAIM's where the texts give one; `is_eucaim`: the texts name it."""

    text: str
    code: str = ""
    is_eucaim: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms of one attribute; `is_open`: others may be agreed upon, and are taken.
    `has_several`: one cell may hold more than one of them."""

    role: Role
    terms: tuple[Term, ...]
    is_open: bool = True
    has_several: bool = False


class TermProposal(NamedTuple):
    """A term that a value may stand for, and why that is thought; a piece of a sentence."""

    term: str
    why: str


def _ours(*texts: str) -> tuple[Term, ...]:
    return tuple(Term(text) for text in texts)


VOCABULARIES: Final[Mapping[Role, Vocabulary]] = MappingProxyType(
    {
        Role.POPULATION: Vocabulary(
            Role.POPULATION,
            (
                Term("Patient with Cancer", "COM1001087", is_eucaim=True),
                Term(
                    "Patient with lesion not being a malignant tumor", "COM1001086", is_eucaim=True
                ),
                Term("Negative screening", "COM1002626", is_eucaim=True),
                Term("Screening", "COM1002624", is_eucaim=True),
                Term("Control group", "COM1002625", is_eucaim=True),
            ),
        ),
        Role.SEX: Vocabulary(
            Role.SEX,
            (Term("Female", is_eucaim=True), Term("Male", is_eucaim=True), *_ours("Other")),
        ),
        Role.CONFIRMATION: Vocabulary(
            Role.CONFIRMATION,
            (
                Term("Biopsy", is_eucaim=True),
                *_ours(
                    "Cytology",
                    "Fine needle aspiration",
                    "Surgical specimen",
                    "Bone marrow examination",
                    "Autopsy",
                ),
            ),
            has_several=True,
        ),
        Role.TOPOGRAPHY: Vocabulary(
            Role.TOPOGRAPHY,
            _ours(
                "Adrenal gland", "Anus", "Bile duct", "Bladder", "Bone", "Brain", "Breast",
                "Cervix uteri", "Colon", "Gallbladder", "Head and neck", "Heart", "Kidney",
                "Larynx", "Liver", "Lung", "Lymph node", "Oesophagus", "Oral cavity", "Ovary",
                "Pancreas", "Pharynx", "Pleura", "Prostate", "Rectum", "Skin", "Small intestine",
                "Soft tissue", "Spleen", "Stomach", "Testis", "Thymus", "Thyroid", "Uterus",
            ),
        ),
        Role.LATERALITY: Vocabulary(Role.LATERALITY, _ours("Left", "Right", "Bilateral")),
        Role.TREATMENT: Vocabulary(
            Role.TREATMENT,
            _ours(
                "Surgery", "Chemotherapy", "Radiotherapy", "Chemoradiotherapy", "Hormone therapy",
                "Immunotherapy", "Targeted therapy", "Brachytherapy", "Stem cell transplantation",
                "Ablation", "Embolisation", "Active surveillance", "Palliative care",
                "No treatment",
            ),
            has_several=True,
        ),
        Role.EPISODE: Vocabulary(
            Role.EPISODE,
            tuple(
                Term(text, is_eucaim=True)
                for text in (
                    "Diagnosis", "Treatment", "Progression", "Relapse", "Remission",
                    "Active Surveillance",
                )
            ),
            is_open=False,
        ),
    }
)  # fmt: skip
"""By attribute."""


def is_icd_o(role: Role, text: str) -> bool:
    """Whether a value is a code of ICD-O-3, where the attribute has one: `8140/3`, `C34.1`."""
    pattern = {Role.PATHOLOGY: _MORPHOLOGY, Role.TOPOGRAPHY: _TOPOGRAPHY}.get(role)
    return pattern is not None and bool(pattern.fullmatch(text.strip()[:LONGEST]))


def term_of(role: Role, text: str) -> str:
    """The term that a value is, as it is spelt here: it differs in case and blanks at most, or is
    the term's code. A code of ICD-O-3 is its own term. Empty where it is none."""
    text = " ".join(text[:LONGEST].split())
    if is_icd_o(role, text):
        return text
    return _spelt(role).get(text.casefold(), "")


def meaning(said: Mapping[str, str], role: Role, text: str) -> str:
    """The term in force for a value: what persons said of it, else what it is; empty for none."""
    return said.get(text.strip(), "") or term_of(role, text)


def propose_term(role: Role, text: str, beside: Collection[str] = ()) -> TermProposal | None:
    """What a value may stand for. `beside` are the other values of its column: a letter means one
    thing in one language and another in the next. Numbers are never guessed."""
    vocabulary = VOCABULARIES.get(role)
    text = text.strip()
    if vocabulary is None or not text or len(text) > LONGEST:
        return None
    if role is Role.SEX and len(text) == 1:
        return _letter_of_sex(text.casefold(), {other.strip().casefold() for other in beside})
    if found := _alike(role, text):
        return found
    parts = [part for part in _PARTS.split(text) if part]
    if not vocabulary.has_several or not 1 < len(parts) <= _MOST_PARTS:
        return None
    terms = [term_of(role, part) or (p.term if (p := _alike(role, part)) else "") for part in parts]
    if not all(terms):
        return None
    return TermProposal("; ".join(dict.fromkeys(terms)), "it names several")


def _alike(role: Role, text: str) -> TermProposal | None:
    spelt = bare(text)
    for term in VOCABULARIES[role].terms:
        if spelt and spelt == bare(term.text):
            return TermProposal(term.text, "it is spelt alike")
        if spelt in ALIASES.get(term.text, ()):
            return TermProposal(term.text, "a usual word for it")
    return None


def _letter_of_sex(letter: str, beside: Collection[str]) -> TermProposal | None:
    """F is the same everywhere. M is male, but a woman beside H (Spanish: hombre and mujer), and
    nobody can tell beside V (varón and mujer, or Dutch vrouw and man)."""
    others = {bare(text)[:1] for text in beside}
    if letter == "f":
        return TermProposal("Female", "its first letter")
    if letter == "w" and "m" in others:
        return TermProposal("Female", "its first letter, beside M")
    if letter == "h" and others & {"m", "f"}:
        return TermProposal("Male", "its first letter, in Spanish or French")
    if letter == "m" and "h" in others and "f" not in others:
        return TermProposal("Female", "its first letter, beside H, in Spanish")
    if letter == "m" and not others & {"h", "v"}:
        return TermProposal("Male", "its first letter")
    return None


@cache
def _spelt(role: Role) -> Mapping[str, str]:
    """Each term and code by how it is written, without case."""
    terms = VOCABULARIES[role].terms if role in VOCABULARIES else ()
    by_text = {term.text.casefold(): term.text for term in terms}
    return by_text | {term.code.casefold(): term.text for term in terms if term.code}
