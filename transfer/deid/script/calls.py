"""The text of a rule taken apart: literal text, and calls with their arguments and clauses.

Taken apart as CTP's build of 2021 does, oddities included: quotes, brackets and parentheses in
arguments do not nest, and clauses count their braces even inside quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from transfer.deid.text.java import is_whitespace, trim

_SPACE: Final = re.compile(r"[ \t\n\x0b\f\r]")
_WITH_TWO_CLAUSES: Final = frozenset(("if", "select"))
_WITH_ONE_CLAUSE: Final = frozenset(("append",))


@dataclass(frozen=True, slots=True)
class Call:
    """One call. Clauses of `if`, `select` and `append` are texts again; a missing one is empty."""

    name: str
    args: tuple[str, ...]
    first: str = ""
    second: str = ""
    is_complete: bool = True
    """False: a clause is missing, and the rest of the rule was swallowed."""

    @property
    def arguments_text(self) -> str:
        """The arguments as CTP puts them back where it cannot make anything of a call."""
        return f"({','.join(self.args)})"


@dataclass(frozen=True, slots=True)
class Dangling:
    """An `@` without a parenthesis after it: CTP fails when it comes to it."""


@dataclass(frozen=True, slots=True)
class Unclosed:
    """A call without its closing parenthesis: it and the rest of the rule are dropped."""


Part = str | Call | Dangling | Unclosed


def take_apart(text: str) -> list[Part]:
    """The parts of a rule's text."""
    parts: list[Part] = []
    literal: list[str] = []
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "\\":
            literal.append(text[at : at + 1])
            at += 1
            continue
        if character != "@":
            literal.append(character)
            continue
        if literal:
            parts.append("".join(literal))
            literal.clear()
        call, length = _call(text[at:])
        parts.append(call)
        if not isinstance(call, Call):
            return parts
        at += length
    if literal:
        parts.append("".join(literal))
    return parts


def _call(text: str) -> tuple[Call | Dangling | Unclosed, int]:
    start = text.find("(")
    if start < 0:
        return Dangling(), 0
    name = _SPACE.sub("", text[:start])
    args, at = _arguments(text, start + 1)
    if at >= len(text):
        return Unclosed(), 0
    at += 1
    wanted = 2 if name in _WITH_TWO_CLAUSES else 1 if name in _WITH_ONE_CLAUSE else 0
    clauses = ["", ""]
    for number in range(wanted):
        clause, end = _clause(text, at)
        if clause is None:
            return Call(name, tuple(args), clauses[0], clauses[1], False), len(text)
        clauses[number] = clause
        at = end + 1
    return Call(name, tuple(args), clauses[0], clauses[1]), at


def _arguments(text: str, at: int) -> tuple[list[str], int]:
    """The arguments, and where their closing parenthesis is (the end of the text: nowhere)."""
    args: list[str] = []
    while True:
        while at < len(text) and is_whitespace(text[at]):
            at += 1
        if at >= len(text) or text[at] == ")":
            return args, at
        arg, at = _argument(text, at)
        if at >= len(text):
            return args, at
        args.append(arg)
        if text[at] == ",":
            at += 1


def _argument(text: str, at: int) -> tuple[str, int]:
    taken: list[str] = []
    is_escaped = in_quotes = in_brackets = in_parentheses = False
    while at < len(text):
        character = text[at]
        is_free = not (is_escaped or in_quotes or in_brackets or in_parentheses)
        if is_free and character in ",)":
            break
        at += 1
        if not is_escaped and character == "\\":
            is_escaped = True
            continue
        taken.append(character)
        is_escaped = False
        if character == '"':
            in_quotes = not in_quotes
        elif character == "[":
            in_brackets = True
        elif character == "]":
            in_brackets = False
        elif character == "(":
            in_parentheses = True
        elif character == ")":
            in_parentheses = False
    return trim("".join(taken)), at


def _clause(text: str, at: int) -> tuple[str | None, int]:
    """The text between braces, and where the closing one is."""
    while at < len(text) and is_whitespace(text[at]):
        at += 1
    if at >= len(text) or text[at] != "{":
        return None, at
    start = at + 1
    depth = 0
    for end in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return trim(text[start:end]), end
    return None, len(text)
