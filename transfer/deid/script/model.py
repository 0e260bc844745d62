"""What a script says, before anything is compiled: plain values that cross to a worker process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from transfer.errors import UsageError


class ScriptError(UsageError):
    """The script says something that cannot be honoured; nothing is de-identified with it.

    `line` counts from 1; 0: the script as a whole.
    """

    def __init__(self, line: int, what: str, remedy: str) -> None:
        super().__init__(f"Script, line {line}: {what}" if line else f"Script: {what}", remedy)
        self.line = line


class Switch(StrEnum):
    """What a script removes as a whole; the names are those of its `r` lines."""

    PRIVATE_GROUPS = "privategroups"
    UNSPECIFIED = "unspecifiedelements"
    OVERLAYS = "overlays"
    CURVES = "curves"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule in force.

    `reference` is the element as the script names it (`0010,0020`, `0009,[ACME 1.0]01`), `tag` its
    number; None: a block of private elements, whose place depends on the file. `key` is the rule's
    place in CTP's table of the script.
    """

    key: str
    reference: str
    tag: int | None
    name: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that the script surely does not mean as CTP takes it."""

    line: int
    words: str


@dataclass(frozen=True, slots=True)
class Script:
    """One script, everything in the order of the file. `keys` are those of CTP's table of it."""

    name: str
    rules: tuple[Rule, ...]
    params: Mapping[str, str]
    keep_groups: frozenset[int]
    switches: frozenset[Switch]
    is_keeping_safe_private: bool
    keys: tuple[str, ...] = field(repr=False)
    warnings: tuple[Warned, ...] = ()
