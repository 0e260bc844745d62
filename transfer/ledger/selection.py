"""What goes and what does not: a person's rules, kept in their order, and applied to everything.

Without a rule all goes. The last rule that fits an object decides; `only X` leaves out what is not
X. What has gone, or may have gone, is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from transfer.clock import utc_now
from transfer.errors import UsageError
from transfer.ledger.chosen import forget_chosen, record_chosen
from transfer.ledger.connection import Ledger
from transfer.ledger.kept_words import keep_words
from transfer.ledger.parts import read_part
from transfer.ledger.scanned import settle_scan
from transfer.ledger.selection_terms import (
    ACTIONS,
    LISTED,
    NAMED,
    SUBJECTS,
    Action,
    Subject,
    dates_of,
    keys_of,
    left_out,
    words_of,
)
from transfer.ledger.twins import let_twins_go

__all__ = [
    "Action",
    "SelectionRule",
    "Subject",
    "add_rule",
    "apply_selection",
    "clear_rules",
    "count_unmatched",
    "is_part",
    "remove_rule",
    "selection_rules",
]

ANY: Final = "*"
"""As the value of `finding`: whatever stands in the way."""

_WINDOW: Final = 200
_PAGE: Final = 2000
_GONE: Final = "The source file is no longer there. Put it back and scan again."
_UNSENT: Final = (
    "NOT EXISTS (SELECT 1 FROM batch b WHERE b.id = i.batch_id AND b.state = 'sending')"
)
_THERE: Final = (
    "EXISTS (SELECT 1 FROM source_file f WHERE f.id = i.file_id AND f.verdict = 'instance')"
)
# A column that is set costs its indexes, so that one which holds nothing is left alone. The plus
# keeps SQLite from the index of batches: most instances have none.
_TAKEN_OUT: Final = (
    (
        "state = 'excluded'",
        "i.state = 'ready' AND +i.batch_id IS NULL AND i.cause = '' AND i.head_sha256 IS NULL"
        " AND i.attempts = 0",
    ),
    (
        "state = 'excluded', batch_id = NULL, reason = '', cause = '', hits = '',"
        " head_sha256 = NULL, attempts = 0",
        f"i.state IN ('ready', 'failed') AND {_UNSENT}",
    ),
)
_TAKEN_IN: Final = (
    (
        f"state = iif({_THERE}, 'ready', 'failed'), reason = iif({_THERE}, '', '{_GONE}')",
        "i.state = 'excluded'",
    ),
)
_OF: Final = "FROM series e JOIN study s ON s.id = e.study_id JOIN patient p ON p.id = s.patient_id"


@dataclass(frozen=True, slots=True)
class SelectionRule:
    """One rule as it was given; `items` counts the entries of a list, or the keys that it names.

    `value`: row keys, modalities or body parts with a comma between; a range of study dates
    (`YYYYMMDD-YYYYMMDD`, one end may be open); a text; a part of the patients (`1/2`); the ID of a
    rule, or `*`; of a list, what a person calls it.
    """

    id: int
    action: str
    subject: str
    value: str
    items: int
    person: str
    reason: str
    said_at_utc: str


def selection_rules(ledger: Ledger) -> list[SelectionRule]:
    """All rules in the order in which they apply."""
    return [
        SelectionRule(*row)
        for row in ledger.rows(
            "SELECT r.id, r.action, r.subject, r.value,"
            " (SELECT count(*) FROM selection_item x WHERE x.rule_id = r.id),"
            " ifnull(w.person, ''), ifnull(w.reason, ''), ifnull(w.said_at_utc, '')"
            " FROM selection_rule r LEFT JOIN word w ON w.id = r.word_id ORDER BY r.id"
        )
    ]


def add_rule(
    ledger: Ledger,
    action: Action,
    subject: Subject,
    value: str,
    *,
    items: Iterable[str] = (),
    person: str = "",
    reason: str = "",
) -> int:
    """Add a rule behind all others and return its id; nothing changes before `apply_selection`.

    `items` are the Patient IDs or Study Instance UIDs of a list. What `finding` names is what
    stands in the way now, or where nothing of that rule does, all that stands open of it: what a
    later scan finds is not left out unseen.

    Raises:
        UsageError: the value cannot be read, a key is not in this transfer, or nothing is named.
    """
    value = _checked(action, subject, value)
    with ledger.transaction():
        word = ledger.write(
            "INSERT INTO word (subject, value, person, reason, said_at_utc) VALUES (?, ?, ?, ?, ?)",
            f"select {action} {subject}",
            value,
            person,
            reason,
            utc_now(),
        )
        rule = ledger.write(
            "INSERT INTO selection_rule (action, subject, value, word_id) VALUES (?, ?, ?, ?)",
            action,
            subject,
            value,
            word,
        )
        if subject == "key":
            _add_keys(ledger, rule, keys_of(value))
        elif subject == "finding":
            _add_found(ledger, rule, value)
        elif subject in LISTED:
            _add_items(ledger, rule, (text for line in items if (text := line.strip())))
        if subject in (*NAMED, *LISTED) and not _has_items(ledger, rule):
            raise UsageError(
                "That names nothing in this transfer.",
                "See what stands open with: eucaim-transfer check NAME"
                if subject == "finding"
                else "Give at least one entry, one a line.",
            )
        ledger.record_event("select", f"Selection: {action} {subject}.")
    keep_words(ledger)
    return rule


def _checked(action: str, subject: str, value: str) -> str:
    value = value.strip()
    if action not in ACTIONS or subject not in SUBJECTS or (action, subject) == ("only", "finding"):
        raise UsageError(
            "Nothing can be selected in that way.",
            "See what can be with: eucaim-transfer select --help",
        )
    if subject == "key":
        value = ",".join(keys_of(value))
    elif subject == "study-date":
        dates_of(value)
    elif subject == "part":
        part, parts = read_part(value)
        value = f"{part}/{parts}"
    elif subject in ("modality", "body-part"):
        value = ",".join(words_of(value))
    if not value:
        raise UsageError(
            "A selection without a value selects nothing.", "Say what is to go, or not to go."
        )
    return value


def _add_items(ledger: Ledger, rule: int, texts: Iterable[str]) -> None:
    page: list[tuple[object, ...]] = []
    for text in texts:
        page.append((rule, text))
        if len(page) >= _PAGE:
            ledger.write_many("INSERT OR IGNORE INTO selection_item VALUES (?, ?)", page)
            page = []
    ledger.write_many("INSERT OR IGNORE INTO selection_item VALUES (?, ?)", page)


def _add_keys(ledger: Ledger, rule: int, keys: Iterable[str]) -> None:
    tables = {"P": "patient", "S": "study", "E": "series", "I": "instance", "F": "source_file"}
    for key in keys:
        # The row of an instance may be another one's after its file was read anew.
        column = "'I' || sop_instance_uid" if key[0] == "I" else f"'{key[0]}' || id"
        ledger.write(
            f"INSERT OR IGNORE INTO selection_item SELECT ?, {column}"  # noqa: S608 - literals above
            f" FROM {tables[key[0]]} WHERE id = ?",
            rule,
            int(key[1:]),
        )
        if not ledger.number("SELECT changes()"):
            raise UsageError(
                f"{key} is not in this transfer.",
                "Give keys as status, check and scan show them: P1, S2, E3, I4, F5.",
            )


def _add_found(ledger: Ledger, rule: int, value: str) -> None:
    ledger.write(
        "INSERT OR IGNORE INTO selection_item SELECT ?1, ifnull((SELECT 'I' || i.sop_instance_uid"
        " FROM instance i WHERE f.key LIKE 'I%' AND i.id = CAST(substr(f.key, 2) AS INTEGER)),"
        " f.key) FROM finding f WHERE f.standing = 'open' AND substr(f.key, 1, 1) IN"
        " ('P', 'S', 'E', 'I', 'F') AND (?2 = '*' OR f.rule = ?2)"
        " AND (f.severity IN ('block', 'ask') OR ?2 <> '*' AND NOT EXISTS (SELECT 1 FROM finding o"
        " WHERE o.rule = ?2 AND o.standing = 'open' AND o.severity IN ('block', 'ask')))",
        rule,
        value,
    )


def _has_items(ledger: Ledger, rule: int) -> bool:
    return bool(ledger.number("SELECT 1 FROM selection_item WHERE rule_id = ? LIMIT 1", rule))


def count_unmatched(ledger: Ledger, rule: int) -> int:
    """How many entries of a list are nobody's in this transfer."""
    found = ledger.row("SELECT subject FROM selection_rule WHERE id = ?", rule)
    match found and found[0]:
        case "patients":
            known = "SELECT 1 FROM patient WHERE original_id = x.text"
        case "studies":
            known = "SELECT 1 FROM study WHERE study_uid = x.text"
        case _:
            return 0
    return ledger.number(
        f"SELECT count(*) FROM selection_item x WHERE x.rule_id = ? AND NOT EXISTS ({known})",  # noqa: S608 - literals above
        rule,
    )


def is_part(ledger: Ledger) -> bool:
    """Whether only a part of the patients goes from this host, and others send the rest."""
    return bool(ledger.number("SELECT 1 FROM selection_rule WHERE subject = 'part' LIMIT 1"))


def remove_rule(ledger: Ledger, rule: int) -> bool:
    """Take a rule back; whether there was such a rule. The word about it stays in the history."""
    with ledger.transaction():
        ledger.write("DELETE FROM selection_rule WHERE id = ?", rule)
        is_gone = bool(ledger.number("SELECT changes()"))
        if is_gone:
            ledger.record_event("select", "A selection rule was taken back.")
    keep_words(ledger)
    return is_gone


def clear_rules(ledger: Ledger) -> int:
    """Take all rules back; how many there were."""
    with ledger.transaction():
        n = ledger.number("SELECT count(*) FROM selection_rule")
        ledger.write("DELETE FROM selection_rule")
        if n:
            ledger.record_event("select", "All selection rules were taken back.")
    keep_words(ledger)
    return n


def apply_selection(ledger: Ledger, told: Callable[[float], None] = lambda part: None) -> int:
    """Let the rules decide about every instance that has not gone; how many changed.

    In many short transactions; may be interrupted anywhere and repeated. `told` hears now and then
    which part of the Series is done, 0 to 1.
    """
    let_twins_go(ledger)
    settle_scan(ledger)
    rules = [(r.id, r.action, r.subject, r.value) for r in selection_rules(ledger)]
    out, values = left_out(rules, has_instance=False)
    last = ledger.number("SELECT max(id) FROM series")
    _name_instances(ledger)
    changed = 0
    if not rules and not _leaves_out(ledger):
        forget_chosen(ledger)
        return 0
    for low in range(0, last + 1, _WINDOW):
        changed += _apply_window(ledger, out, values, low)
        told(low / (last + 1))
    changed += _apply_named(ledger, *left_out(rules, has_instance=True))
    with ledger.transaction():
        ledger.write(
            "UPDATE batch SET state = 'done' WHERE state = 'planned' AND state <> 'done' AND"
            " NOT EXISTS (SELECT 1 FROM instance i WHERE i.batch_id = batch.id"
            " AND i.state = 'ready')"
        )
    if rules or _leaves_out(ledger):
        record_chosen(ledger)
    else:
        forget_chosen(ledger)
    return changed


def _leaves_out(ledger: Ledger) -> bool:
    return bool(ledger.number("SELECT 1 FROM tally WHERE state = 'excluded' AND n > 0 LIMIT 1"))


def _name_instances(ledger: Ledger) -> None:
    """Instances that a rule names one by one; all others share the fate of their Series."""
    with ledger.transaction(durable=False):
        ledger.write("CREATE TEMP TABLE IF NOT EXISTS named (id INTEGER PRIMARY KEY)")
        ledger.write("DELETE FROM named")
        of = "FROM selection_item x JOIN selection_rule r ON r.id = x.rule_id"
        ledger.write(
            f"INSERT OR IGNORE INTO named SELECT i.id {of}"
            " JOIN instance i ON i.sop_instance_uid = substr(x.text, 2)"
            " WHERE r.subject IN ('key', 'finding') AND x.text LIKE 'I%'"
        )
        ledger.write(
            f"INSERT OR IGNORE INTO named SELECT i.id {of}"
            " JOIN instance i ON i.file_id = CAST(substr(x.text, 2) AS INTEGER)"
            " WHERE r.subject IN ('key', 'finding') AND x.text LIKE 'F%'"
        )


def _apply_window(ledger: Ledger, out: str, values: list[object], low: int) -> int:
    """Decide about the Series of one window, those aside whose instances stand right already."""
    changed = 0
    for is_out, states in ((1, "'ready', 'failed'"), (0, "'excluded'")):
        wrong = ledger.rows(
            f"SELECT e.id {_OF} WHERE e.id BETWEEN ? AND ? AND EXISTS (SELECT 1 FROM tally t"  # noqa: S608 - literals of ours
            f" WHERE t.series_id = e.id AND t.state IN ({states}) AND t.n > 0) AND ({out}) = ?",
            low,
            low + _WINDOW - 1,
            *values,
            is_out,
        )
        if wrong:
            series = ", ".join(str(int(row)) for (row,) in wrong)
            where = f"i.series_id IN ({series}) AND i.id NOT IN (SELECT id FROM named)"  # noqa: S608 - numbers
            changed += _move(ledger, where, [], is_out=bool(is_out))
    return changed


def _apply_named(ledger: Ledger, out: str, values: list[object]) -> int:
    changed = 0
    last = ledger.number("SELECT max(id) FROM named")
    low = 0
    while low < last:
        found = ledger.row(
            "SELECT max(id) FROM (SELECT id FROM named WHERE id > ? ORDER BY id LIMIT ?)",
            low,
            _PAGE,
        )
        high = int(found[0]) if found else last
        for is_out in (True, False):
            where = (
                "i.id IN (SELECT id FROM named WHERE id > ? AND id <= ?)"  # noqa: S608 - literals of ours
                f" AND (SELECT {out} {_OF} WHERE e.id = i.series_id) = ?"
            )
            changed += _move(ledger, where, [low, high, *values, int(is_out)], is_out=is_out)
        low = high
    return changed


def _move(ledger: Ledger, where: str, values: list[object], *, is_out: bool) -> int:
    """What comes back is prepared anew: what is known of its patient may have grown meanwhile."""
    changed = 0
    with ledger.transaction(durable=False):
        for change, of in _TAKEN_OUT if is_out else _TAKEN_IN:
            ledger.write(
                f"UPDATE instance AS i SET {change} WHERE {of} AND {where}",  # noqa: S608 - literals of ours
                *values,
            )
            changed += ledger.number("SELECT changes()")
    return changed
