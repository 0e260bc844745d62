"""Rules compiled to closures, once for all files; what no file can change is decided here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from transfer.deid.script import ciphers, dates, hashes, tables, texts
from transfer.deid.script.calls import Call, Dangling, Unclosed, take_apart
from transfer.deid.script.conditions import test_of
from transfer.deid.script.functions import (
    Argument,
    Constant,
    Failing,
    Missing,
    Render,
    Setting,
)
from transfer.deid.script.model import Rule, ScriptError, Warned
from transfer.deid.script.references import Names
from transfer.deid.script.regex import Untranslatable
from transfer.deid.script.scene import Scene, Skip

MARKERS: Final = frozenset(("keep", "remove", "empty", "blank"))
_DEEPEST_CLAUSES: Final = 50

_FUNCTIONS: Final[Mapping[str, Callable[[Argument], Render]]] = {
    "always": lambda argument: Constant(""),
    "contents": texts.contents,
    "value": texts.value,
    "truncate": texts.truncate,
    "lowercase": texts.lowercase,
    "uppercase": texts.uppercase,
    "initials": texts.initials,
    "pathelement": texts.pathelement,
    "param": texts.param,
    "require": texts.require,
    "round": texts.round_,
    "hash": hashes.hash_,
    "hashname": hashes.hashname,
    "hashptid": hashes.hashptid,
    "hashuid": hashes.hashuid,
    "hashdate": dates.hashdate,
    "incrementdate": dates.incrementdate,
    "modifydate": dates.modifydate,
    "dateinterval": dates.dateinterval,
    "date": dates.date,
    "time": dates.time,
    "lookup": tables.lookup,
    "integer": tables.integer_,
    "encrypt": ciphers.encrypt,
    "decrypt": ciphers.decrypt,
}


class Compiler:
    """Compiles the rules of one script. Texts that are the same are compiled once."""

    def __init__(
        self, params: Mapping[str, str], lookup: Mapping[str, str] | None, names: Names
    ) -> None:
        self.warnings: list[Warned] = []
        self._setting = Setting(params, lookup, names, self._clause, self._warn)
        self._compiled: dict[str, Render] = {}
        self._line = 0
        self._depth = 0

    def rule(self, rule: Rule) -> Render:
        """The text that a rule gives.

        Raises:
            ScriptError: the rule says something that cannot be honoured.
        """
        self._line = rule.line
        return self._clause(rule.text)

    def _clause(self, text: str) -> Render:
        known = self._compiled.get(text)
        if known is None:
            known = self._compiled[text] = self._joined(text)
        return known

    def _warn(self, words: str) -> None:
        self.warnings.append(Warned(self._line, words))

    def _refuse(self, what: str, remedy: str) -> ScriptError:
        return ScriptError(self._line, what, remedy)

    def _joined(self, text: str) -> Render:
        self._depth += 1
        if self._depth > _DEEPEST_CLAUSES:
            raise self._refuse("clauses lie in each other too deep.", "Write the rule simpler.")
        renders: list[Render] = []
        for part in take_apart(text):
            if isinstance(part, Unclosed):
                self._warn("a call is not closed: it and the rest of the rule are passed over.")
                break
            render = self._part(part)
            last = renders[-1] if renders else None
            if isinstance(render, Constant) and isinstance(last, Constant):
                renders[-1] = Constant(last.text + render.text)
            else:
                renders.append(render)
        self._depth -= 1
        if not renders:
            return Constant("")
        if len(renders) == 1:
            return renders[0]
        parts = tuple(renders)
        return lambda scene, this: "".join([render(scene, this) for render in parts])

    def _part(self, part: str | Call | Dangling) -> Render:
        if isinstance(part, str):
            return Constant(part)
        if isinstance(part, Dangling):
            self._warn(
                "an @ is not followed by a call: CTP fails at this rule, "
                "so every file in which it is applied is quarantined."
            )
            return Failing("an @ of the rule is not followed by a call")
        if not part.is_complete:
            self._warn(f"@{part.name} lacks a clause: the rest of the rule is passed over.")
        argument = Argument(part, self._setting)
        try:
            return self._call(part, argument)
        except Missing:
            self._warn(
                f"@{part.name} lacks an argument: "
                "every file in which the rule is applied is quarantined."
            )
            return Failing(f"@{part.name} lacks an argument")
        except Untranslatable:
            raise self._refuse(
                f"the regular expression of @{part.name} cannot be carried over from Java.",
                "Write it without class intersections, scripts, \\G, or comments.",
            ) from None

    def _call(self, call: Call, argument: Argument) -> Render:
        flow = _FLOW.get(call.name)
        if flow is not None:
            return flow(argument)
        if call.name == "call":
            raise self._refuse(
                "@call asks for a plugin of CTP, which this program does not have.",
                "Take the rule out, or say the same with the functions of the language.",
            )
        function = _FUNCTIONS.get(call.name)
        if function is not None:
            return function(argument)
        if call.name not in MARKERS:
            self._warn(
                f"there is no function @{call.name[:40]}: "
                "CTP puts the call itself into the element as text."
            )
        return Constant(f"@{call.name}{call.arguments_text}")


def _if(argument: Argument) -> Render:
    test = test_of(argument)
    first = argument.setting.compiled(argument.call.first)
    second = argument.setting.compiled(argument.call.second)
    return lambda scene, this: (first if test(scene, this) else second)(scene, this)


def _select(argument: Argument) -> Render:
    first = argument.setting.compiled(argument.call.first)
    second = argument.setting.compiled(argument.call.second)
    return lambda scene, this: (second if scene.level.parent else first)(scene, this)


def _append(argument: Argument) -> Render:
    clause = argument.setting.compiled(argument.call.first)

    def render(scene: Scene, this: int) -> str:
        value = clause(scene, this)
        element = scene.level.source.get(this)
        if element is None or element.value == b"":
            return value
        text = scene.text(this)
        return f"{'null' if text is None else text}\\{value}"

    return render


def _process(argument: Argument) -> Render:
    def render(scene: Scene, this: int) -> str:
        scene.process(scene, this)
        return "@keep()"

    return render


def _quarantine(argument: Argument) -> Render:
    return Failing("@quarantine()")


def _skip(argument: Argument) -> Render:
    def render(scene: Scene, this: int) -> str:
        raise Skip("@skip()")

    return render


_FLOW: Final[Mapping[str, Callable[[Argument], Render]]] = {
    "if": _if,
    "select": _select,
    "append": _append,
    "process": _process,
    "quarantine": _quarantine,
    "skip": _skip,
}
