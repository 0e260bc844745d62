"""Two files with one SOP Instance UID and different contents: where a person leaves out the one
that goes, the other goes in its place."""

from __future__ import annotations

from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import forget_words
from transfer.ledger.selection_terms import LAST_WORD_ON_FILE
from transfer.ledger.steps import set_step
from transfer.values import StepState

EXCLUDED: Final = "excluded-by-person"

# Of a file that went nobody can take the place.
_GIVES_WAY: Final = (
    "SELECT f.id FROM selection_rule q JOIN selection_item y ON y.rule_id = q.id"  # noqa: S608 - literals of ours
    " AND y.text LIKE 'F%' JOIN source_file f ON f.id = CAST(substr(y.text, 2) AS INTEGER)"
    " WHERE q.subject IN ('key', 'finding') AND f.verdict = 'instance'"
    f" AND {LAST_WORD_ON_FILE} = 'exclude' AND EXISTS (SELECT 1 FROM source_file t"
    " WHERE t.twin_of = f.id AND t.verdict = 'duplicate'"
    " AND t.reasons LIKE 'duplicate-uid-other-content%')"
    " AND NOT EXISTS (SELECT 1 FROM instance i LEFT JOIN batch b ON b.id = i.batch_id"
    " WHERE i.file_id = f.id AND (i.state IN ('sent', 'verified') OR b.state = 'sending'))"
)
_COMES_BACK: Final = (
    "SELECT f.id FROM source_file f WHERE f.verdict = 'rejected'"  # noqa: S608 - literals of ours
    f" AND f.reasons = '{EXCLUDED}' AND {LAST_WORD_ON_FILE} IS NOT 'exclude'"
)


def let_twins_go(ledger: Ledger) -> int:
    """Set aside the files that give way, and take back those that are wanted again; how many.
    What they make room for is read by the next scan, which becomes due."""
    with ledger.transaction():
        away = [row for (row,) in ledger.rows(_GIVES_WAY)]
        back = [row for (row,) in ledger.rows(_COMES_BACK)]
        series = ledger.rows(
            f"SELECT DISTINCT 'E' || series_id FROM instance WHERE file_id IN ({_GIVES_WAY})"  # noqa: S608 - literals of ours
        )
        # What was said of them was not said of what takes their place.
        forget_words(ledger, *(str(key) for (key,) in series))
        ledger.write_many("DELETE FROM instance WHERE file_id = ?", [(row,) for row in away])
        ledger.write_many(
            "UPDATE source_file SET verdict = 'rejected', reasons = ? WHERE id = ?",
            [(EXCLUDED, row) for row in away],
        )
        ledger.write_many(
            "UPDATE source_file SET verdict = NULL, twin_of = NULL"
            " WHERE twin_of = ? AND verdict = 'duplicate'",
            [(row,) for row in away],
        )
        ledger.write_many(
            "UPDATE source_file SET verdict = NULL, reasons = '' WHERE id = ?",
            [(row,) for row in back],
        )
    if away or back:
        set_step(ledger, "scan", StepState.TODO, "Files that were chosen anew are to be read.")
    return len(away) + len(back)
