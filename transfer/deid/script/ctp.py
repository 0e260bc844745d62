"""A CTP script as a method: compiled once, then applied to any number of instances."""

from __future__ import annotations

from collections.abc import Mapping

from transfer.deid.header.byteorder import CannotTurn
from transfer.deid.model import Header, Label, Moment, Outcome, Quarantined, Skipped
from transfer.deid.script.model import Script, Warned
from transfer.deid.script.protection import Protection
from transfer.deid.script.ruleset import Rules
from transfer.deid.script.scene import Skip, Stop
from transfer.deid.script.work import Work


class ScriptMethod:
    """A script with its parameters and its lookup table, see `Method`.

    Parameters given here replace the script's own. `warnings` are those of the script and of its
    rules, in the order of its lines.

    Raises:
        ScriptError: a rule says something that cannot be honoured.
    """

    def __init__(
        self,
        script: Script,
        params: Mapping[str, str],
        lookup: Mapping[str, str] | None,
        label: Label,
    ) -> None:
        self.label = label
        self._rules = Rules(script, params, lookup)
        self._protection = Protection(script)
        self.warnings: tuple[Warned, ...] = tuple(
            sorted(
                {*script.warnings, *self._rules.warnings},
                key=lambda warned: (warned.line, warned.words),
            )
        )

    def apply(self, header: Header, moment: Moment) -> Outcome:
        """Make the header that leaves, see `Method`."""
        work = Work(self._rules, self._protection, header, moment)
        try:
            return work.run()
        except Skip as stop:
            return Skipped(work.told(stop))
        except Stop as stop:
            return Quarantined(work.told(stop))
        except CannotTurn:
            return Quarantined(
                "The file is big endian, has no file meta information, and holds values too large "
                "to be turned. Export it again with its file meta information."
            )

    def why(self, tag: int) -> str:
        """The rule of an element as written, with its line; or the switch or group it falls to."""
        if self._protection.removes_overlays and tag >> 24 == 0x60:
            return "removed with all overlays"
        rule = self._rules.fixed_rule(tag)
        if rule is None:
            return self._protection.words(tag)
        return f"{rule.text or '(empty rule)'} (line {rule.line})"
