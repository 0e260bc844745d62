"""Each line of the threat model names a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "threat-model.md").read_text("utf-8")


def test_every_proof_is_there() -> None:
    proofs = re.findall(r"`((?:tests/|\.ci/)[^`]+)`", PAGE)
    missing = []
    for proof in proofs:
        path, _, name = proof.partition("::")
        file = ROOT / path
        if not file.exists() or (name and f"def {name}(" not in file.read_text("utf-8")):
            missing.append(proof)
    assert missing == []
    assert len(proofs) > 20


def test_every_line_has_a_proof() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    without = [row for row in rows if " proof |" not in row and "`tests/" not in row]
    assert without == []
