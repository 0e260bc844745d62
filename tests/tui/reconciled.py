"""A transfer whose images and table do not fit together in each of the three ways."""

from __future__ import annotations

from pathlib import Path

from tests.tui.tabled import make_tabled, table_rows, table_text
from transfer.workspace import Home, Workspace


def make_mismatched(home: Home, folder: Path) -> Workspace:
    """Twelve patients. Rows 3 and 4 spell the IDs of P2 and P3 otherwise (`hosp-0002`, `HOSP-3`),
    P8 has no row, and rows 9, 14 and 15 are of patients whom the images do not know, the last two
    of one."""
    rows = table_rows(12)
    rows[1][0], rows[2][0] = "hosp-0002", "HOSP-3"
    rows[7][0] = "ELSEWHERE-8"
    rows.append([*rows[-1]])
    rows[-1][3] = "2022-01-01"
    return make_tabled(home, folder, table_text(rows))
