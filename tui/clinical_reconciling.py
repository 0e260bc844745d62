"""Images and clinical table side by side, and what persons do about it. Everything here blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from transfer.clinical.reconciling import (
    PAGE,
    Entry,
    Part,
    Totals,
    entries,
    open_pairs,
    open_patients,
    open_rows,
    settled_ones,
    totals,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import is_held, kept_from_runners
from transfer.ledger.links import LINK_RULE, link_rows, take_back_words
from transfer.ledger.mapping import keep_back_rows, let_go_rows
from transfer.workspace import Home, Workspace

_AT_ONCE: Final = 2000
"""Up to so many rows and studies judging anew takes no time that anybody would wait for."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How much there is; `has_table`: one was read, `is_held`: a runner is at work."""

    totals: Totals
    has_table: bool
    is_held: bool


class Reconciling:
    """The three lists of all transfers of a home.

    Each act says how many it was about. Where there is much, everything is judged anew by `judge`
    alone, once after all acts; `is_due` says whether that is still to be done.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._due: set[str] = set()

    def count(self, name: str) -> Counted:
        """Count everything."""
        workspace = self._workspace(name)
        held = is_held(workspace.lock)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            rows = ledger.number("SELECT EXISTS (SELECT 1 FROM clinical_row)")
            return Counted(totals(ledger), bool(rows), held)

    def page(self, name: str, part: Part, after: int, *, settled: bool) -> list[Entry]:
        """A page of a list, and one more where it goes on."""
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return entries(ledger, part, settled=settled, after=after, limit=PAGE + 1)

    def count_alike(self, name: str, likenesses: Sequence[str]) -> int:
        """How many open pairs differ in just this."""
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return sum(found == tuple(likenesses) for _, found in open_pairs(ledger))

    # Acts. Each raises RunnerHeld while a runner is at work, UsageError as the engine does. ----

    def answer(self, name: str, choice: str, row: int, person: str) -> int:
        """Say of a pair whether it is one patient."""
        return self._change(name, lambda ledger: _answer(ledger, choice, [row], person))

    def answer_alike(self, name: str, choice: str, likenesses: Sequence[str], person: str) -> int:
        """Say it of all open pairs that differ in just this."""

        def answer(ledger: Ledger) -> int:
            rows = [row for row, found in open_pairs(ledger) if found == tuple(likenesses)]
            return _answer(ledger, choice, rows, person)

        return self._change(name, answer)

    def ask_again(self, name: str, row: int | None) -> int:
        """Take back what was said of a pair, or of all."""

        def take_back(ledger: Ledger) -> int:
            rows = settled_ones(ledger, Part.PAIRS) if row is None else [row]
            take_back_words(ledger, rows)
            _link(ledger)
            return len(rows)

        return self._change(name, take_back)

    def keep_back(self, name: str, row: int | None, by: tuple[str, str]) -> int:
        """Keep back the rows of an ID, or of each that has no images."""

        def keep(ledger: Ledger) -> int:
            rows = open_rows(ledger) if row is None else [row]
            keep_back_rows(ledger, rows, *by)
            return len(rows)

        return self._change(name, keep)

    def let_go(self, name: str, row: int | None) -> int:
        """Take that back, or all of it."""

        def let(ledger: Ledger) -> int:
            rows = settled_ones(ledger, Part.ROWS) if row is None else [row]
            let_go_rows(ledger, rows)
            return len(rows)

        return self._change(name, let)

    def leave_out(self, name: str, patient: int | None, by: tuple[str, str]) -> int:
        """Leave out a patient without row, or each of them, by a rule of the selection."""

        def leave(ledger: Ledger) -> int:
            from transfer.ledger.selection import add_rule

            patients = open_patients(ledger) if patient is None else [patient]
            keys = ",".join(f"P{one}" for one in patients)
            add_rule(ledger, "exclude", "key", keys, person=by[0], reason=by[1])
            _select(ledger)
            return len(patients)

        return self._change(name, leave)

    def take_in(self, name: str, patient: int | None) -> int:
        """Let a patient go who was left out, or all of them, by a rule behind all others or by
        taking back the last one where it named just these."""

        def take(ledger: Ledger) -> int:
            from transfer.ledger.selection import add_rule, remove_rule, selection_rules

            patients = settled_ones(ledger, Part.IMAGES) if patient is None else [patient]
            key = ",".join(f"P{one}" for one in patients)
            rules = selection_rules(ledger)
            last = rules[-1] if rules else None
            if last and (last.action, last.subject, last.value) == ("exclude", "key", key):
                remove_rule(ledger, last.id)
            else:
                add_rule(ledger, "include", "key", key)
            _select(ledger)
            return len(patients)

        return self._change(name, take)

    def is_due(self, name: str) -> bool:
        """Whether something was changed of which the findings do not know yet."""
        return name in self._due

    def judge(self, name: str) -> None:
        """Judge everything anew. Raises: RunnerHeld."""
        from transfer.clinical.table_word import judge_again

        with self._changing(name) as ledger:
            judge_again(ledger)
        self._due.discard(name)

    def _change(self, name: str, act: Callable[[Ledger], int]) -> int:
        from transfer.clinical.table_word import judge_again

        with self._changing(name) as ledger:
            n = act(ledger)
            self._due.add(name)
            if _is_small(ledger):
                judge_again(ledger)
                self._due.discard(name)
        return n

    @contextmanager
    def _changing(self, name: str) -> Iterator[Ledger]:
        workspace = self._workspace(name)
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            yield ledger

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)


def _answer(ledger: Ledger, choice: str, rows: Sequence[int], person: str) -> int:
    from transfer.clinical.table_word import judge_again
    from transfer.quality.answers import answer

    keys = [f"R{row}" for row in rows]
    if not keys:
        return 0
    said = answer(ledger, LINK_RULE, choice, keys, person, "")
    if len(said) < len(keys):
        # What was taken back just now is asked about once it is judged.
        judge_again(ledger)
        said += answer(ledger, LINK_RULE, choice, keys, person, "")
    _link(ledger)
    return len(said)


def _link(ledger: Ledger) -> None:
    from transfer.clinical.likeness import likeness

    link_rows(ledger, likeness)


def _select(ledger: Ledger) -> None:
    from transfer.ledger.selection import apply_selection

    apply_selection(ledger)


def _is_small(ledger: Ledger) -> bool:
    rows = ledger.number("SELECT count(*) FROM clinical_row")
    return rows + ledger.number("SELECT count(*) FROM study") <= _AT_ONCE
