"""What persons, nodes and the helpdesk wrote, made fit to leave the house.

Words that belong to a patient are veiled; a text that still tells of one after that (a date of
birth in other figures, a number written apart) is withheld as a whole. The ledger keeps both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from transfer.deid.look.tokens import is_unspaced, spelled_out, tokens_of
from transfer.evidence.identifiers import everybody, phrases, stands_in
from transfer.ledger.connection import Ledger
from transfer.ledger.telling import Piece, told_in
from transfer.ledger.veil import Veil

WITHHELD: Final = "(withheld: it may tell of a patient)"
NAME_WITHHELD: Final = "(name withheld: a patient has it)"
TOO_MANY: Final = "(not repeated here: too many different ones)"
MOST: Final = 20_000
"""Different texts that are looked at; they are kept in memory."""
_LEAST_DIGITS: Final = 4
_LEAST: Final = 2


class Speech:
    """The texts of one report, each looked at once. `persons` are names of people who acted: a
    part of such a name may be a patient's too, the whole of it may not."""

    def __init__(self, ledger: Ledger, typed: Iterable[str], persons: Iterable[str]) -> None:
        texts = _some(typed)
        names = _some(persons)
        veil = Veil(_words_of_patients(ledger, texts))
        veiled = {text: veil.over(text) for text in texts}
        kinds = [(Piece(f"t{n}", shown), text) for n, (text, shown) in enumerate(veiled.items())]
        kinds += [(Piece(f"n{n}", name, names_staff=True), name) for n, name in enumerate(names)]
        telling = {told.where for told in told_in(ledger, [piece for piece, _ in kinds])}
        namesakes = _namesakes(ledger, names)
        self._typed = {
            text: WITHHELD if piece.where in telling else piece.text
            for piece, text in kinds
            if not piece.names_staff
        }
        self._persons = {
            name: NAME_WITHHELD if piece.where in telling or name in namesakes else name
            for piece, name in kinds
            if piece.names_staff
        }

    def typed(self, text: str) -> str:
        """A text as it may be told."""
        return self._typed.get(text, TOO_MANY) if text.strip() else ""

    def person(self, name: str) -> str:
        """A name as it may be told."""
        return self._persons.get(name, TOO_MANY) if name.strip() else ""


def _some(texts: Iterable[str]) -> dict[str, None]:
    found: dict[str, None] = {}
    for text in texts:
        if text.strip():
            found[text] = None
        if len(found) >= MOST:
            break
    return found


def _words_of_patients(ledger: Ledger, texts: Iterable[str]) -> set[str]:
    """The words of these texts that are a patient's: of everybody, but only those."""
    said: set[str] = set()
    run_on: list[str] = []
    for text in texts:
        said.update(tokens_of(text), tokens_of(spelled_out(text)))
        if is_unspaced(text):
            run_on.append(text)
    unspaced = "\n".join(run_on)
    found: set[str] = set()
    if not said:
        return found
    for known in everybody(ledger):
        tokens = {*tokens_of(known.text), *tokens_of(spelled_out(known.text))}
        found |= {token for token in tokens & said if _is_telling(token, known.text)}
        if unspaced and is_unspaced(known.text):
            found |= {token for token in tokens if is_unspaced(token) and token in unspaced}
    return found


def _is_telling(token: str, text: str) -> bool:
    """A short number is part of a telephone number as well as a count; one that is the whole of an
    identifier is that identifier."""
    if token.isdecimal() and len(token) < _LEAST_DIGITS:
        return text.strip() == token
    return len(token) >= _LEAST


def _namesakes(ledger: Ledger, names: Iterable[str]) -> set[str]:
    """Those of the names that hold the whole name, or a number, of a patient."""
    spelled = {name: tokens_of(name) for name in names}
    said = {token for tokens in spelled.values() for token in tokens}
    if not said:
        return set()
    near = {
        phrase
        for known in everybody(ledger)
        for phrase in phrases(known)
        if said.issuperset(phrase)
    }
    return {name for name, tokens in spelled.items() if any(stands_in(p, tokens) for p in near)}
