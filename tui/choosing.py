"""All that the screens of the selection ask of the engine. Everything here blocks: call in
threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transfer.errors import UsageError
from transfer.ledger.branches import Branch, Place, count_branch, read_branches, read_found
from transfer.ledger.choice import Choice, read_choice
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding
from transfer.ledger.holder import is_held, kept_from_runners
from transfer.ledger.identity import Names
from transfer.ledger.order import read_order
from transfer.ledger.selection import (
    Action,
    SelectionRule,
    Subject,
    add_rule,
    apply_selection,
    count_unmatched,
    remove_rule,
    selection_rules,
)
from transfer.ledger.sieve import Sieve
from transfer.ledger.standing import stand_anew
from transfer.ledger.tree import TreePage, read_page, read_page_before
from transfer.selecting import select_anew
from transfer.workspace import Home, Workspace

PAGE: Final = 100
FOUND: Final = 200
# A list of a million Patient IDs is below this.
_LIST_BYTES: Final = 64 * 1024 * 1024


Told = Callable[[float], None]


def _unheard(part: float) -> None:
    return


@dataclass(frozen=True, slots=True)
class ChoiceLook:
    """What goes and what stays now, and by how many rules; `is_held`: a runner is at work."""

    choice: Choice
    rules: int
    is_held: bool


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule, and how many entries of its list are nobody's here."""

    rule: SelectionRule
    unmatched: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants of one object."""

    place: Place
    goes: bool


class Choosing:
    """The selections of all transfers of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._names: dict[str, Names] = {}

    def page(self, name: str, sieve: Sieve, opened: Collection[str], after: Place) -> TreePage:
        """What follows a place in the tree."""
        with self._reading(name) as ledger:
            return read_page(ledger, sieve, opened, after=after, limit=PAGE)

    def page_before(
        self, name: str, sieve: Sieve, opened: Collection[str], before: Place
    ) -> TreePage:
        """What goes before a place."""
        with self._reading(name) as ledger:
            return read_page_before(ledger, sieve, opened, before=before, limit=PAGE)

    def around(
        self, name: str, sieve: Sieve, opened: Collection[str], place: Place
    ) -> tuple[TreePage, list[Branch], TreePage]:
        """What goes before a place, the place itself, what follows it."""
        with self._reading(name) as ledger:
            return (
                read_page_before(ledger, sieve, opened, before=place, limit=PAGE),
                read_branches(ledger, [place], reveals=sieve.reveals),
                read_page(ledger, sieve, opened, after=place, limit=PAGE),
            )

    def branches(self, name: str, places: Collection[Place], reveals: bool) -> list[Branch]:
        """Some places as they are now."""
        with self._reading(name) as ledger:
            return read_branches(ledger, places, reveals=reveals)

    def count(self, name: str, place: Place, reveals: bool) -> Branch | None:
        """A place below which there is much, with its figures."""
        with self._reading(name) as ledger:
            return count_branch(ledger, place, reveals=reveals)

    def found(self, name: str, place: Place) -> list[Finding]:
        """The first findings about an object and what lies below it, the worst first."""
        with self._reading(name) as ledger:
            return read_found(ledger, place, FOUND)

    def look(self, name: str) -> ChoiceLook:
        """What goes and what stays."""
        held = is_held(self._workspace(name).lock)
        with self._reading(name) as ledger:
            rules = ledger.number("SELECT count(*) FROM selection_rule")
            return ChoiceLook(read_choice(ledger), rules, held)

    def rules(self, name: str) -> list[RuleRow]:
        """All rules in the order in which they apply."""
        with self._reading(name) as ledger:
            return [
                RuleRow(rule, count_unmatched(ledger, rule.id)) for rule in selection_rules(ledger)
            ]

    def choose(self, name: str, wanted: Sequence[Wanted]) -> list[str]:
        """Let objects go or stay; the keys of those of which something has gone already and
        that could not be kept.

        Raises:
            RunnerHeld: a runner is at work on the transfer.
        """
        with self._writing(name) as ledger:
            for one in wanted:
                _want(ledger, one)
            _apply(ledger)
            # A rule of the command line may have decided otherwise before ours was taken back.
            left = [one for one in wanted if one.goes and not _is_as_wanted(ledger, one)]
            for one in left:
                add_rule(ledger, "include", "key", one.place.key)
            if left:
                _apply(ledger)
            return [one.place.key for one in wanted if not _is_as_wanted(ledger, one)]

    def add(
        self, name: str, action: Action, subject: Subject, value: str, told: Told = _unheard
    ) -> RuleRow:
        """Add a rule and apply it. The value of a list is the path of its file. `told` hears, in
        this thread, which part is done.

        Raises:
            UsageError: it cannot be read, or fits nothing that can be named.
            RunnerHeld: a runner is at work on the transfer.
        """
        with self._writing(name) as ledger:
            if subject in ("patients", "studies"):
                path = Path(value.strip().strip("'\"")).expanduser()
                # The name of a list may tell who is in it.
                rule = add_rule(ledger, action, subject, "a list", items=read_list(path))
            else:
                rule = add_rule(ledger, action, subject, value)
            select_anew(ledger, told)
            row = next(row for row in selection_rules(ledger) if row.id == rule)
            return RuleRow(row, count_unmatched(ledger, rule))

    def remove(self, name: str, rule: int, told: Told = _unheard) -> bool:
        """Take a rule back and apply the others.

        Raises:
            RunnerHeld: a runner is at work on the transfer.
        """
        with self._writing(name) as ledger:
            gone = remove_rule(ledger, rule)
            select_anew(ledger, told)
            return gone

    @contextmanager
    def _reading(self, name: str) -> Iterator[Ledger]:
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            if name not in self._names:
                self._names[name] = names_of(self._home, ledger)
            ledger.names = self._names[name]
            yield ledger

    @contextmanager
    def _writing(self, name: str) -> Iterator[Ledger]:
        """The ledger, while no runner can begin."""
        workspace = self._workspace(name)
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            yield ledger

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)


def names_of(home: Home, ledger: Ledger) -> Names:
    """The pseudonyms of a transfer where its key can be opened without asking anybody; no key is
    made for it."""
    from transfer.method_files import de_identifies

    order = read_order(ledger)
    if not de_identifies(order):
        return Names()
    from adapters.secrets import SecretStore
    from transfer.deid.keys.cohort import cohort_of, key_for
    from transfer.deid.keys.seal import Seal

    try:
        key = key_for(home, cohort_of(order), SecretStore(home.root).get("key.passphrase"))
    except UsageError:
        return Names()
    return Names(Seal(key.text))


def read_list(path: Path) -> Iterator[str]:
    """The lines of a list of Patient IDs or Study Instance UIDs.

    Raises:
        UsageError: there is no such file, or it is no list.
    """
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            if os.fstat(file.fileno()).st_size > _LIST_BYTES:
                raise UsageError("That file is too large for a list.", "Give a list of one column.")
            for line in file:
                if "\0" in line:
                    raise UsageError("That file is not text.", "Give a list, one entry a line.")
                yield line.strip()
    except OSError as error:
        raise UsageError(
            f"The list cannot be read ({error.strerror}).", "Give the path of a text file."
        ) from error


def _apply(ledger: Ledger) -> None:
    """Without judging anew, which may take a while: the space bar waits for this, and what is
    left out as a whole changes nothing in the rest."""
    apply_selection(ledger)
    stand_anew(ledger)


def _want(ledger: Ledger, one: Wanted) -> None:
    """Put a key into the last rule where that says the same, out of it where it says the
    opposite: who walks through a tree with the space bar leaves a few rules behind, not hundreds.
    """
    action: Action = "include" if one.goes else "exclude"
    rules = selection_rules(ledger)
    last = rules[-1] if rules and rules[-1].subject == "key" else None
    keys = last.value.split(",") if last else []
    if last is None or (last.action != action and one.place.key not in keys):
        add_rule(ledger, action, "key", one.place.key)
        return
    if last.action == action:
        keys.append(one.place.key)
    else:
        keys.remove(one.place.key)
    remove_rule(ledger, last.id)
    if keys:
        add_rule(
            ledger, "exclude" if last.action == "exclude" else "include", "key", ",".join(keys)
        )


def _is_as_wanted(ledger: Ledger, one: Wanted) -> bool:
    branch = count_branch(ledger, one.place, reveals=False)
    if branch is None:
        return True
    return branch.excluded == 0 if one.goes else branch.chosen == 0
