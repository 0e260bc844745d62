"""The rules of a script in force for one file, and the order in which they insert elements."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from transfer.deid.script.codes import METHOD_CODES
from transfer.deid.script.compile import Compiler
from transfer.deid.script.functions import Constant, Render
from transfer.deid.script.javahash import hashtable_order, properties_order
from transfer.deid.script.model import Rule, Script, Warned
from transfer.deid.script.references import Place
from transfer.deid.script.scene import Level, Quarantine
from transfer.deid.text.java import INT_MAX, trim
from transfer.deid.text.names import block_of, inserted_vr

_ALWAYS: Final = "@always()"
_ALWAYS_REQUIRE: Final = "@always()@require()"
_BLANK: Final = "@blank("
_MOST_BLANKS: Final = 55
_MOST_SETS: Final = 256


class Does(Enum):
    """What the text that a rule gives does to the element."""

    REMOVE = "remove"
    KEEP = "keep"
    EMPTY = "empty"
    WRITE = "write"


class Decision:
    """What happens to an element, and the text to write."""

    __slots__ = ("does", "text")

    def __init__(self, does: Does, text: str = "") -> None:
        self.does = does
        self.text = text


_REMOVE: Final = Decision(Does.REMOVE)
_KEEP: Final = Decision(Does.KEEP)
_EMPTY: Final = Decision(Does.EMPTY)


def decide(text: str) -> Decision:
    """Read the text of a rule as an instruction (reference, section 3).

    Raises:
        Quarantine: `@blank` with a number that is too large for CTP.
    """
    text = trim(text)
    if not text:
        return _EMPTY
    if "@" in text:
        if "@remove()" in text:
            return _REMOVE
        if text == "@keep()":
            return _KEEP
        if text.startswith(_BLANK):
            return _blanks(text)
        if text == "@empty()":
            return _EMPTY
    return Decision(Does.WRITE, text)


def _blanks(text: str) -> Decision:
    inside, paren, _ = text[len(_BLANK) :].partition(")")
    digits = "".join(filter(str.isdecimal, inside)) if paren else ""
    count = int(f"0{digits}") if len(digits) < 20 else INT_MAX + 1
    if count > INT_MAX:
        raise Quarantine("@blank with too large a number")
    if not count:
        return _EMPTY
    return Decision(Does.WRITE, " " * min(count, _MOST_BLANKS))


class Applied:
    """One compiled rule. `decision` is set where no file can change it."""

    __slots__ = ("decision", "render", "rule")

    def __init__(self, rule: Rule, render: Render) -> None:
        self.rule = rule
        self.render = render
        self.decision: Decision | None = None
        if isinstance(render, Constant):
            try:
                self.decision = decide(render.text)
            except Quarantine:
                self.decision = None


class RuleSet:
    """The rules by tag, and those that insert, in the order of CTP's table."""

    __slots__ = ("by_tag", "inserting")

    def __init__(self, applied: list[Applied], tags: list[int]) -> None:
        self.by_tag: dict[int, Applied] = {}
        for tag, rule in zip(tags, applied, strict=True):
            self.by_tag[tag] = rule
        self.inserting = [
            (tag, self.by_tag[tag])
            for tag in hashtable_order(tags)
            if _is_inserting(tag, self.by_tag[tag].rule.text)
        ]


def _is_inserting(tag: int, text: str) -> bool:
    return tag == METHOD_CODES or trim(text).startswith(_ALWAYS)


class Rules:
    """All rules of a script, compiled. References to blocks find their place in each file."""

    def __init__(
        self, script: Script, params: Mapping[str, str], lookup: Mapping[str, str] | None
    ) -> None:
        given = {**script.params, **params}
        keys = [*script.keys, *(f"param.{name}" for name in params)]
        place = {key: at for at, key in enumerate(properties_order(keys))}
        rules = sorted(script.rules, key=lambda rule: place[rule.key])
        names = {
            rule.name.lower(): Place(rule.tag or 0, None if rule.tag else block_of(rule.reference))
            for rule in rules
            if rule.name
        }
        compiler = Compiler(given, lookup, names)
        self._applied = [Applied(rule, compiler.rule(rule)) for rule in rules]
        self.warnings: tuple[Warned, ...] = tuple(compiler.warnings)
        self._blocks = [
            (at, block)
            for at, rule in enumerate(rules)
            if rule.tag is None and (block := block_of(rule.reference)) is not None
        ]
        self._sets: dict[tuple[int, ...], RuleSet] = {}
        self._fixed = self._set(()) if not self._blocks else None

    def for_file(self, root: Level) -> RuleSet:
        """The rules in force for a file with this data set."""
        if self._fixed is not None:
            return self._fixed
        return self._of(tuple(root.block_tag(*block) for _, block in self._blocks))

    def fixed_rule(self, tag: int) -> Rule | None:
        """The rule of an element, as far as it does not depend on the file."""
        applied = self._of((0,) * len(self._blocks)).by_tag.get(tag)
        return None if applied is None else applied.rule

    def _of(self, found: tuple[int, ...]) -> RuleSet:
        """The rules with the blocks in the places given; 0: in none."""
        known = self._sets.get(found)
        if known is None:
            if len(self._sets) >= _MOST_SETS:
                self._sets.clear()
            known = self._sets[found] = self._set(found)
        return known

    def _set(self, found: tuple[int, ...]) -> RuleSet:
        tags = [applied.rule.tag or 0 for applied in self._applied]
        for (at, _), tag in zip(self._blocks, found, strict=True):
            tags[at] = tag
        present = [at for at, tag in enumerate(tags) if tag]
        return RuleSet([self._applied[at] for at in present], [tags[at] for at in present])


def vr_to_insert(tag: int, text: str) -> str | None:
    """The VR of an element that a rule inserts; None: the rule inserts none of that VR."""
    vr = "LO" if tag & 0x10000 else inserted_vr(tag)
    if vr == "SQ" and not trim(text).startswith(_ALWAYS_REQUIRE):
        return None
    return vr
