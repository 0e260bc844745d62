"""What the header rules say of every Series, in the source and as it leaves.

Headers that agree in what a rule reads get one answer, given once: of a hundred thousand Series
few differ in more than dates and descriptions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import groupby, repeat
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.said import SaidGroup, said_groups
from transfer.ledger.traits import traits_document
from transfer.quality.attributes import PIXELS_BLANKED, Traits
from transfer.quality.document import read_traits
from transfer.quality.rule import Circumstances, Found, HeaderRule, Problem, Severity
from transfer.quality.wording import with_count

_KEPT: Final = 4096
_JUDGED: Final = 100_000
"""So many pairs of headers have their answers remembered; twenty megabytes of them at most."""
_RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}
_Said = tuple[tuple[HeaderRule, Problem], ...]
_One = tuple[HeaderRule, Problem, SaidGroup]
_Judged = Callable[[int | None, int | None], _Said]
"""By the rows of the traits: of a file, and of what leaves where that was made."""


class Remembered:
    """Answers that were given already, for whoever asks the same rules of one ledger again. Under
    other circumstances, on another day that is, nothing is remembered."""

    def __init__(self) -> None:
        self._given: tuple[list[HeaderRule], Circumstances, _Judged] | None = None

    def under(
        self, ledger: Ledger, rules: list[HeaderRule], circumstances: Circumstances
    ) -> _Judged:
        """What answers for a header, from memory where it can."""
        if self._given is None or self._given[:2] != (rules, circumstances):
            self._given = rules, circumstances, _judged(ledger, rules, circumstances)
        return self._given[2]


def of_headers(
    ledger: Ledger,
    rules: Iterable[HeaderRule],
    circumstances: Circumstances,
    remembered: Remembered | None = None,
) -> Iterator[tuple[HeaderRule, Found]]:
    """One finding a rule and Series, Series by Series; memory does not grow with the cohort."""
    judged = (remembered or Remembered()).under(ledger, list(rules), circumstances)
    for series, groups in groupby(said_groups(ledger), key=lambda group: group.series):
        yield from _of_series(series, list(groups), judged)


def _of_series(
    series: int, groups: list[SaidGroup], judged: _Judged
) -> Iterator[tuple[HeaderRule, Found]]:
    # An instance that a person left out says nothing about those that go.
    chosen = [g for g in groups if not g.is_excluded] or groups
    standing: dict[str, list[_One]] = {}
    mended: dict[str, list[_One]] = {}
    for group in chosen:
        before = judged(group.traits, None)
        now = before if group.out_traits is None else judged(group.traits, group.out_traits)
        for rule, problem in now:
            standing.setdefault(rule.id, []).append((rule, problem, group))
        if now is not before:
            still = {rule.id for rule, _ in now}
            for rule, problem in before:
                if rule.id not in still:
                    mended.setdefault(rule.id, []).append((rule, problem, group))
    for found in standing.values():
        yield _told(series, found, is_mended=False)
    for rule_id, found in mended.items():
        if rule_id not in standing:
            yield _told(series, found, is_mended=True)


def _told(series: int, found: list[_One], *, is_mended: bool) -> tuple[HeaderRule, Found]:
    """The worst of what a rule says of a Series, with the count of all of it."""
    rule, worst, group = min(found, key=lambda one: _RANK[one[1].severity])
    n = sum(group.n for _, _, group in found)
    return rule, Found(
        f"E{series}",
        rule.level,
        worst.severity,
        with_count(worst.message, n),
        rule.remedy,
        n,
        f"I{group.example}",
        is_mended,
    )


def _judged(ledger: Ledger, rules: list[HeaderRule], circumstances: Circumstances) -> _Judged:
    leaving = replace(circumstances, is_leaving=True)
    of_source = _Asking(rules, circumstances)
    of_made = _Asking([rule for rule in rules if not rule.is_about_pixels], leaving)
    of_pixels = _Asking([rule for rule in rules if rule.is_about_pixels], leaving)

    @lru_cache(_KEPT)
    def traits_of(row: int) -> Traits:
        return read_traits(traits_document(ledger, row))

    @lru_cache(_JUDGED)
    def judged(row: int | None, out: int | None) -> _Said:
        if row is None:
            return ()
        source = traits_of(row)
        if out is None:
            return of_source(source)
        made = traits_of(out)
        if made[PIXELS_BLANKED]:
            return of_made(made)
        pixels = of_pixels(source)
        told = {rule.id for rule, _ in pixels}
        more = (one for one in of_pixels(made) if one[0].id not in told)
        return (*of_made(made), *pixels, *more)

    return judged


class _Asking:
    """Rules under some circumstances. Each is shown what it says that it reads and nothing else,
    so that its answer holds for all headers that agree in that."""

    def __init__(self, rules: Iterable[HeaderRule], circumstances: Circumstances) -> None:
        alike: dict[tuple[int, ...], list[HeaderRule]] = {}
        for rule in rules:
            tags = tuple(sorted({attribute.tag for attribute in rule.reads}))
            alike.setdefault(tags, []).append(rule)
        self._asked = [(tags, _remembered(tags, of, circumstances)) for tags, of in alike.items()]

    def __call__(self, traits: Traits) -> _Said:
        get = traits.values.get
        said: list[tuple[HeaderRule, Problem]] = []
        for tags, answers in self._asked:
            said += answers(tuple(map(get, tags, repeat(""))))
        return tuple(said)


def _remembered(
    tags: tuple[int, ...], rules: list[HeaderRule], circumstances: Circumstances
) -> Callable[[tuple[str, ...]], _Said]:
    @lru_cache(_KEPT)
    def answers(texts: tuple[str, ...]) -> _Said:
        shown = Traits(dict(zip(tags, texts, strict=True)))
        said = ((rule, rule.judge(shown, circumstances)) for rule in rules)
        return tuple((rule, problem) for rule, problem in said if problem is not None)

    return answers
