"""Whether findings still ask for something, by what persons said and what the selection lets go."""

from __future__ import annotations

from typing import Final

from transfer.ledger.connection import Ledger

_SAID: Final = (
    "SELECT s.standing FROM settled s WHERE s.rule = f.rule AND s.key = f.key AND f.n <= s.n"
    " AND instr('bawi', substr(f.severity, 1, 1)) >= instr('bawi', substr(s.severity, 1, 1))"
)
"""How a person's word settles the finding `f`: as long as that has not grown since."""
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


_IS_OUT: Final = f"""
  CASE substr(f.key, 1, 1)
    WHEN 'E' THEN 0 = (SELECT {_GOES} FROM tally t WHERE t.series_id = {_ROW} AND t.n > 0)
    WHEN 'S' THEN 0 = (SELECT {_GOES} FROM series e JOIN tally t ON t.series_id = e.id
      WHERE e.study_id = {_ROW} AND t.n > 0)
    WHEN 'P' THEN 0 = (SELECT {_GOES} FROM study s JOIN series e ON e.study_id = s.id
      JOIN tally t ON t.series_id = e.id WHERE s.patient_id = {_ROW} AND t.n > 0)
    WHEN 'I' THEN EXISTS (SELECT 1 FROM instance i WHERE i.id = {_ROW} AND i.state = 'excluded')
    WHEN 'F' THEN {_FILE_IS_OUT}
    ELSE 0 END
"""  # noqa: S608 - literals of ours
_STANDING: Final = f"ifnull(({_SAID}), iif({_IS_OUT}, 'excluded', 'open'))"


def stand_anew(ledger: Ledger) -> None:
    """A person's word settles a finding; what is about nothing that goes asks for nothing; all
    others stand open again, but those that were mended."""
    with ledger.transaction():
        stand_anew_inside(ledger)


def stand_anew_inside(ledger: Ledger) -> None:
    """As `stand_anew`, inside a transaction of the caller. Writes only what changes."""
    ledger.write(
        f"UPDATE finding AS f SET standing = {_STANDING}"  # noqa: S608 - literals of ours
        f" WHERE f.standing <> 'mended' AND f.standing <> {_STANDING}"
    )
