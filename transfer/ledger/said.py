"""What the instances of each Series say, kept once for all that say the same: what rules ask for
grows with the Series, not with the instances."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from transfer.ledger.connection import Ledger
from transfer.ledger.timepoints import STUDY_LEAVES

_WINDOW: Final = 2000
_PAGE: Final = 200


class SaidGroup(NamedTuple):
    """Instances of one Series that say the same, in the file and as they leave; `is_excluded`:
    those that a person left out.

    `out_traits` is None where what leaves was not made yet, or is the file as it is.
    """

    series: int
    traits: int | None
    out_traits: int | None
    is_excluded: bool
    n: int
    example: int


_OF_INSTANCES: Final = (
    "i.series_id, i.traits_id, i.out_traits_id, i.state = 'excluded' AS is_excluded, count(*) AS n,"
    " min(i.id) AS example"
)


def said_of(series: str) -> str:
    """SQL for the groups of all Series `e` of which a condition is true, as a table with the
    columns of `said` and `study_id`. Where something changed since the groups were kept, the
    instances are asked."""
    return (
        "SELECT d.series_id, d.traits_id, d.out_traits_id, d.is_excluded, d.n, d.example,"  # noqa: S608 - literals of ours
        f" e.study_id FROM series e JOIN said d ON d.series_id = e.id WHERE {series}"
        " AND NOT EXISTS (SELECT 1 FROM said_anew a WHERE a.series_id = e.id)"
        f" UNION ALL SELECT {_OF_INSTANCES}, e.study_id FROM series e CROSS JOIN said_anew a"
        f" ON a.series_id = e.id CROSS JOIN instance i ON i.series_id = e.id WHERE {series}"
        " GROUP BY 1, 2, 3, 4"
    )


def said_groups(ledger: Ledger) -> Iterator[SaidGroup]:
    """All of them, Series by Series; memory does not grow with the cohort."""
    last = ledger.number("SELECT max(id) FROM series")
    of = said_of("e.id BETWEEN ?1 AND ?2")
    for low in range(0, last + 1, _WINDOW):
        for row in ledger.rows(
            f"SELECT series_id, traits_id, out_traits_id, is_excluded, n, example FROM ({of})"  # noqa: S608 - literals of ours
            " ORDER BY series_id, traits_id, out_traits_id, is_excluded",
            low,
            low + _WINDOW - 1,
        ):
            series, traits, out_traits, is_excluded, n, example = row
            yield SaidGroup(series, traits, out_traits, bool(is_excluded), n, example)


def said_digest(ledger: Ledger) -> str:
    """The same for as long as rules would find the same in images: while no Series says anything
    anew since `keep_said`, and the same Studies have something that goes. Whether an instance waits
    or did not arrive makes no difference to them otherwise."""
    digest = hashlib.sha256()
    for (study,) in ledger.each(
        f"SELECT s.id FROM study s WHERE {STUDY_LEAVES} ORDER BY s.id"  # noqa: S608 - literals of ours
    ):
        digest.update(b"%d " % study)
    anew = ledger.number("SELECT count(*) FROM said_anew")
    return f"{digest.hexdigest()} {anew}"


def keep_said(ledger: Ledger) -> None:
    """Keep the groups of what changed since it was done last; in short transactions."""
    while found := ledger.number(
        "SELECT max(series_id) FROM (SELECT series_id FROM said_anew ORDER BY series_id LIMIT ?)",
        _PAGE,
    ):
        with ledger.transaction(durable=False):
            ledger.write(
                "DELETE FROM said WHERE series_id IN"
                " (SELECT series_id FROM said_anew WHERE series_id <= ?)",
                found,
            )
            ledger.write(
                f"INSERT INTO said SELECT {_OF_INSTANCES} FROM said_anew a"  # noqa: S608 - literals of ours
                " CROSS JOIN instance i ON i.series_id = a.series_id WHERE a.series_id <= ?"
                " GROUP BY 1, 2, 3, 4",
                found,
            )
            ledger.write("DELETE FROM said_anew WHERE series_id <= ?", found)
