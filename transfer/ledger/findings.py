"""What rules found, whether it still asks for something, and what persons said about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger
from transfer.ledger.kept_words import keep_words
from transfer.ledger.order import Word
from transfer.ledger.standing import stand_anew_inside

Standing = Literal["open", "waived", "answered", "excluded", "mended"]

_WORST_FIRST: Final = (
    "CASE severity WHEN 'block' THEN 0 WHEN 'ask' THEN 1 WHEN 'warn' THEN 2 ELSE 3 END"
)
_COLUMNS: Final = "rule, severity, level, key, message, remedy, n, example, standing, cells"
_REPLACED: Final = ", ".join(
    f"{name} = excluded.{name}"
    for name in ("severity", "level", "message", "remedy", "n", "example", "standing", "cells")
)
_PAGE: Final = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know. `key` is a row key, never an original identifier.

    `n` things of that object are concerned (instances, files, rows); `example` is the key of one.
    Only what is `open` asks for something. `cells` are those of a clinical table that it is about,
    see `transfer.quality.cells`.
    """

    rule: str
    severity: str
    level: str
    key: str
    message: str
    remedy: str
    n: int = 1
    example: str = ""
    standing: str = "open"
    cells: str = ""


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """All findings of one rule with one severity and standing; `things` is the sum of their `n`."""

    rule: str
    severity: str
    standing: str
    findings: int
    things: int


def record_finding(ledger: Ledger, finding: Finding) -> None:
    """Record a finding, replacing the earlier one of the same rule and key."""
    with ledger.transaction():
        ledger.write(
            f"INSERT INTO finding ({_COLUMNS})"  # noqa: S608 - a literal of ours
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            f" ON CONFLICT (rule, key) DO UPDATE SET {_REPLACED}",
            *_values(finding),
        )


def replace_findings(ledger: Ledger, rules: Collection[str], findings: Iterable[Finding]) -> None:
    """Record these as all the findings that there are of some rules, each `open` or `mended`; what
    persons said and left out decides whether it stands.

    They are put aside first: finding them takes a while, in which others write to the ledger. What
    was found before and is found again keeps its row, since a row costs many times what it costs
    to compare it.
    """
    going = iter(findings)
    ledger.write(f"CREATE TEMP TABLE found ({_COLUMNS}, UNIQUE (rule, key))")
    try:
        while page := [_values(finding) for finding in islice(going, _PAGE)]:
            with ledger.transaction(durable=False):
                ledger.write_many("INSERT INTO found VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", page)
        with ledger.transaction():
            ledger.write_many(_DELETE_GONE, [(rule,) for rule in rules])
            ledger.write(_TAKE_FOUND)
            stand_anew_inside(ledger)
    finally:
        ledger.write("DROP TABLE found")


# Where in the tree an instance or a file lies may have changed since: its row is made anew.
_DELETE_GONE: Final = """
  DELETE FROM finding WHERE rule = ? AND (substr(key, 1, 1) IN ('I', 'F') OR NOT EXISTS
    (SELECT 1 FROM temp.found o WHERE o.rule = finding.rule AND o.key = finding.key))
"""
_TAKE_FOUND: Final = f"""
  INSERT INTO finding ({_COLUMNS}) SELECT {_COLUMNS} FROM temp.found WHERE true ORDER BY rowid
  ON CONFLICT (rule, key) DO UPDATE SET {_REPLACED}
  WHERE (finding.severity, finding.level, finding.message, finding.remedy, finding.n,
      finding.example, finding.cells, finding.standing = 'mended')
    IS NOT (excluded.severity, excluded.level, excluded.message, excluded.remedy, excluded.n,
      excluded.example, excluded.cells, excluded.standing = 'mended')
"""  # noqa: S608 - literals of ours


def _values(f: Finding) -> tuple[object, ...]:
    said = (f.rule, f.severity, f.level, f.key, f.message, f.remedy)
    return (*said, f.n, f.example, f.standing, f.cells)


def clear_finding(ledger: Ledger, rule: str) -> None:
    """Forget every finding of a rule."""
    with ledger.transaction():
        ledger.write("DELETE FROM finding WHERE rule = ?", rule)


def clear_level(ledger: Ledger, level: str) -> None:
    """Forget every finding of a level."""
    with ledger.transaction():
        ledger.write("DELETE FROM finding WHERE level = ?", level)


def read_findings(
    ledger: Ledger,
    limit: int = 200,
    *,
    offset: int = 0,
    rule: str | None = None,
    key: str | None = None,
    standing: Standing | None = "open",
    severity: str | None = None,
) -> list[Finding]:
    """A page of findings, worst first; those that are open unless another standing, or with None
    any, is asked for."""
    asked = {"rule": rule, "key": key, "standing": standing, "severity": severity}
    wanted = {column: value for column, value in asked.items() if value is not None}
    # What is not asked for is left out of the question, so that SQLite can take an index.
    where = " AND ".join(f"{column} = ?" for column in wanted) or "1"
    return [
        Finding(*row)
        for row in ledger.rows(
            f"SELECT {_COLUMNS} FROM finding WHERE {where}"  # noqa: S608 - literals of ours
            f" ORDER BY {_WORST_FIRST}, rule, id LIMIT ? OFFSET ?",
            *wanted.values(),
            limit,
            offset,
        )
    ]


def group_findings(ledger: Ledger) -> list[RuleGroup]:
    """Every rule that found something, worst first, what is open before what is not."""
    return [
        RuleGroup(*row)
        for row in ledger.rows(
            "SELECT rule, severity, standing, count(*), sum(n) FROM finding"  # noqa: S608 - literals of ours
            f" GROUP BY rule, severity, standing"
            f" ORDER BY standing <> 'open', {_WORST_FIRST}, rule, standing"
        )
    ]


def open_keys(ledger: Ledger, rule: str, limit: int = -1) -> list[str]:
    """The keys of the open findings of a rule."""
    return [
        str(key)
        for (key,) in ledger.rows(
            "SELECT key FROM finding WHERE rule = ? AND standing = 'open' ORDER BY id LIMIT ?",
            rule,
            limit,
        )
    ]


def keys_in_the_way(ledger: Ledger, rule: str) -> list[str]:
    """The keys of the open findings of a rule that block or ask; where none does, of all open."""
    found = [
        (str(key), severity in ("block", "ask"))
        for key, severity in ledger.rows(
            "SELECT key, severity FROM finding WHERE rule = ? AND standing = 'open' ORDER BY id",
            rule,
        )
    ]
    heavy = [key for key, is_heavy in found if is_heavy]
    return heavy or [key for key, _ in found]


def settle_findings(
    ledger: Ledger,
    rule: str,
    keys: Sequence[str] | None,
    standing: Literal["waived", "answered"],
    value: str,
    person: str,
    reason: str,
) -> list[str]:
    """Record a person's word on the open findings of a rule, or on those with these keys.

    The word is about what is open now: what a later scan finds is asked about again. Returns the
    keys that were settled; none where nothing of it was open.
    """
    with ledger.transaction():
        meant = None if keys is None else frozenset(keys)
        found = [k for k in open_keys(ledger, rule) if meant is None or k in meant]
        if not found:
            return []
        subject = "waive" if standing == "waived" else "answer"
        word = ledger.write(
            "INSERT INTO word (subject, value, person, reason, said_at_utc) VALUES (?, ?, ?, ?, ?)",
            f"{subject} {rule}",
            value,
            person,
            reason,
            utc_now(),
        )
        ledger.write_many(
            "INSERT OR REPLACE INTO settled (rule, key, standing, value, word_id, severity, n)"
            " SELECT rule, key, ?, ?, ?, severity, n FROM finding WHERE rule = ? AND key = ?",
            [(standing, value, word, rule, key) for key in found],
        )
        ledger.write_many(
            "UPDATE finding SET standing = ? WHERE rule = ? AND key = ?",
            [(standing, rule, key) for key in found],
        )
        ledger.record_event("word", f"A person's word on {rule} was recorded.")
    keep_words(ledger)
    return found


def forget_words(ledger: Ledger, *keys: str) -> None:
    """What was said of these is asked again, for they are not what they were; inside a transaction.
    The words themselves are kept."""
    ledger.write_many("DELETE FROM settled WHERE key = ?", [(key,) for key in keys])


def settled_word(ledger: Ledger, rule: str, key: str) -> Word | None:
    """What a person said about one finding; its value is the answer."""
    row = ledger.row(
        "SELECT w.subject, s.value, w.person, w.reason, w.said_at_utc FROM settled s"
        " JOIN word w ON w.id = s.word_id WHERE s.rule = ? AND s.key = ?",
        rule,
        key,
    )
    return Word(*row) if row else None
