"""What is wrong with a pixel script, told with its line when it is loaded."""

from __future__ import annotations

from transfer.errors import UsageError


class PixelScriptError(UsageError):
    """A pixel script says something that cannot be honoured. `line` counts from 1."""

    def __init__(self, name: str, line: int, what: str) -> None:
        super().__init__(
            f"The pixel script {name}, line {line}: {what}",
            "Correct that line, or take another script.",
        )
        self.line = line
