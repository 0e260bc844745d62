"""One question to the machine, and the ways in which it can be answered."""

from __future__ import annotations

from dataclasses import dataclass

from transfer.machine.host import ADMINISTRATOR
from transfer.node import CheckResult
from transfer.values import ExitCode


@dataclass(frozen=True, slots=True)
class Question:
    """A check's stable short name, and what it tries in one sentence."""

    check: str
    tried: str

    def ok(self, message: str, answer: str = "") -> CheckResult:
        """All is well."""
        return CheckResult(self.check, "ok", message, tried=self.tried, answer=answer)

    def unknown(self, message: str, answer: str = "") -> CheckResult:
        """This host does not tell, and nothing depends on it so far that anybody should act."""
        return CheckResult(self.check, "ok", message, "", 0, self.tried, answer, is_known=False)

    def warn(
        self, message: str, remedy: str, answer: str = "", whom: str = ADMINISTRATOR
    ) -> CheckResult:
        """It works, but somebody should know, or should look where it cannot be told."""
        return CheckResult(self.check, "warn", message, remedy, 0, self.tried, answer, whom)

    def fail(
        self,
        message: str,
        remedy: str,
        answer: str = "",
        whom: str = ADMINISTRATOR,
        exit_code: int = ExitCode.USAGE,
    ) -> CheckResult:
        """A transfer cannot go from here like this."""
        return CheckResult(self.check, "fail", message, remedy, exit_code, self.tried, answer, whom)


def said(error: OSError) -> str:
    """What the system says of an error, without the name of any file."""
    return error.strerror or type(error).__name__
