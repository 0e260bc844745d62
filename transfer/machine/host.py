"""Where the facts about a host are read: files below a root, and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

YOU: Final = "you"
ADMINISTRATOR: Final = "this host's administrator"
"""Who can put right what a check finds (`CheckResult.whom`)."""


@dataclass(frozen=True, slots=True)
class Host:
    """A host as its files tell of it. `root` stands before every path."""

    root: Path = Path("/")
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def path(self, place: str) -> Path:
        """A place on this host, given from its root."""
        return self.root / place.lstrip("/")

    def text(self, place: str) -> str | None:
        """A file's text; None where there is none, or it may not be read."""
        try:
            return self.path(place).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None

    def lines(self, place: str) -> Sequence[str]:
        """A file's lines; none where it cannot be read."""
        return (self.text(place) or "").splitlines()

    def has(self, place: str) -> bool:
        """Whether there is such a file or folder."""
        try:
            return self.path(place).exists()
        except OSError:
            return False


THIS_HOST: Final = Host()
