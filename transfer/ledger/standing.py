"""Whether findings still ask for something, after the selection has changed."""

from __future__ import annotations

from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import SAID

_ROW: Final = "CAST(substr(f.key, 2) AS INTEGER)"
_GOES: Final = "max(t.state <> 'excluded')"
# A file that holds no instance is left out by name alone, and the last rule that names it decides.
_FILE_IS_OUT: Final = """
  NOT EXISTS (SELECT 1 FROM instance i WHERE i.file_id = CAST(substr(f.key, 2) AS INTEGER)
    AND i.state <> 'excluded')
  AND (EXISTS (SELECT 1 FROM instance i WHERE i.file_id = CAST(substr(f.key, 2) AS INTEGER))
    OR 'exclude' = (SELECT r.action FROM selection_item x
      JOIN selection_rule r ON r.id = x.rule_id AND r.subject IN ('key', 'finding')
      WHERE x.text = f.key ORDER BY r.id DESC LIMIT 1))
"""


def stand_anew(ledger: Ledger) -> None:
    """Findings about what does not go ask for nothing; those about what goes again do."""
    with ledger.transaction():
        ledger.write(
            f"UPDATE finding AS f SET standing = ifnull(({SAID}), 'open')"  # noqa: S608 - a literal of ours
            " WHERE f.standing = 'excluded'"
        )
        ledger.write(
            f"""
            UPDATE finding AS f SET standing = 'excluded' WHERE f.standing = 'open'
            AND CASE substr(f.key, 1, 1)
              WHEN 'E' THEN 0 = (SELECT {_GOES} FROM tally t
                WHERE t.series_id = {_ROW} AND t.n > 0)
              WHEN 'S' THEN 0 = (SELECT {_GOES} FROM series e JOIN tally t ON t.series_id = e.id
                WHERE e.study_id = {_ROW} AND t.n > 0)
              WHEN 'P' THEN 0 = (SELECT {_GOES} FROM study s JOIN series e ON e.study_id = s.id
                JOIN tally t ON t.series_id = e.id WHERE s.patient_id = {_ROW} AND t.n > 0)
              WHEN 'I' THEN EXISTS (SELECT 1 FROM instance i
                WHERE i.id = {_ROW} AND i.state = 'excluded')
              WHEN 'F' THEN {_FILE_IS_OUT}
              ELSE 0 END
            """  # noqa: S608 - literals of ours
        )
