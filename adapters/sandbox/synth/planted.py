"""Remembers every identifier that is planted, while it is planted."""

from __future__ import annotations

import json
from pathlib import Path

from pydicom.dataset import Dataset


class Planted:
    """The list behind `planted.json`: each value once a place, rows in their order."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[tuple[str, str], None]] = {}

    def note(self, row: int, value: str, where: str) -> None:
        """`value` was planted at `where` (a keyword path, or what is not DICOM by its name)."""
        self._rows.setdefault(row, {})[value, where] = None

    def write(self, path: Path) -> None:
        patients = [
            {"row": row, "identifiers": [{"value": v, "where": w} for v, w in places]}
            for row, places in sorted(self._rows.items())
        ]
        values = {value: None for places in self._rows.values() for value, _ in places}
        document = {"patients": patients, "values": list(values)}
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")


class Planter:
    """Plants one patient's identifiers into data sets and notes each."""

    def __init__(self, planted: Planted, row: int) -> None:
        self._planted = planted
        self._row = row

    def put(self, dataset: Dataset, keyword: str, value: str, *secrets: str, at: str = "") -> None:
        """Set an element and note the secrets in its value (without any: the value itself)."""
        setattr(dataset, keyword, value)
        self.note(f"{at}{keyword}", *(secrets or (value,)))

    def note(self, where: str, *secrets: str) -> None:
        for secret in secrets:
            self._planted.note(self._row, secret, where)
