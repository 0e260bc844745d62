"""The boolean expression of a signature: parsed once, evaluated for every header.

The language is that of CTP's DicomFilter (RSNA wiki, "The CTP DICOM Filter"; CTP, `DicomObject`):
terms `identifier.method("text")`, `true.` and `false.`, joined by `!` (not), `*` (and), `+` (or),
binding in this order, and parentheses; `//` makes the rest of a line a comment. An identifier is an
element's keyword or `[gggg,eeee]`; `A::B` is B in the first item of sequence A. Names, methods and
operators are case-sensitive.

CTP takes what it does not understand for false, and reads `!!x` as `!x`. Here both are errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from transfer.deid.pixels.elements import Path, path_of
from transfer.deid.script.regex import java_pattern

TextOf: TypeAlias = Callable[[Path], str]
"""The text of an element of the header at hand; "" where it is absent."""


class Misread(Exception):
    """`what` cannot be understood; `at` is its position in the expression."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.at = at
        self.what = what


@dataclass(frozen=True, slots=True)
class Constant:
    value: bool

    def holds(self, text_of: TextOf) -> bool:
        return self.value


@dataclass(frozen=True, slots=True)
class Term:
    path: Path
    method: str
    argument: str

    def holds(self, text_of: TextOf) -> bool:
        return METHODS[self.method](text_of(self.path), self.argument)


@dataclass(frozen=True, slots=True)
class Not:
    inner: Expression

    def holds(self, text_of: TextOf) -> bool:
        return not self.inner.holds(text_of)


@dataclass(frozen=True, slots=True)
class Both:
    parts: tuple[Expression, ...]

    def holds(self, text_of: TextOf) -> bool:
        return all(part.holds(text_of) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Expression, ...]

    def holds(self, text_of: TextOf) -> bool:
        return any(part.holds(text_of) for part in self.parts)


Expression: TypeAlias = Constant | Term | Not | Both | Either


def _number(text: str) -> float | None:
    """What CTP compares: digits and points only, a sign and all else dropped."""
    try:
        return float(re.sub(r"[^0-9.]", "", text))
    except ValueError:
        return None


def _is_less(text: str, limit: str) -> bool:
    left, right = _number(text), _number(limit)
    return left is not None and right is not None and left < right


METHODS: Final[dict[str, Callable[[str, str], bool]]] = {
    "equals": lambda text, other: text == other,
    "equalsIgnoreCase": lambda text, other: text.lower() == other.lower(),
    "matches": lambda text, pattern: java_pattern(pattern).fullmatch(text) is not None,
    "contains": lambda text, part: part in text,
    "containsIgnoreCase": lambda text, part: part.lower() in text.lower(),
    "startsWith": lambda text, start: text.startswith(start),
    "startsWithIgnoreCase": lambda text, start: text.lower().startswith(start.lower()),
    "endsWith": lambda text, end: text.endswith(end),
    "endsWithIgnoreCase": lambda text, end: text.lower().endswith(end.lower()),
    "isLessThan": _is_less,
    "isGreaterThan": lambda text, limit: _is_less(limit, text),
}

_SKIPPED: Final = re.compile(r"(?:\s|//[^\n]*(?:\n|\Z))*")
_TERM: Final = re.compile(
    r'(?P<name>[^."()*+!]*)\.(?:\s*(?P<method>\w*)\s*\(\s*"(?P<argument>[^"]*)"\s*\))?'
)
_DEPTH_LIMIT: Final = 50


def parse_expression(text: str) -> Expression:
    """The expression between the braces of a signature.

    Raises:
        Misread: it is not one, or something in it cannot be honoured.
    """
    reader = _Reader(text)
    found = reader.either(0)
    reader.skip()
    if reader.at < len(text):
        raise Misread(reader.at, "an operator (* or +) or the end of the signature was expected.")
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self) -> str:
        found = _SKIPPED.match(self.text, self.at)
        self.at = found.end() if found is not None else self.at
        return self.text[self.at : self.at + 1]

    def either(self, depth: int) -> Expression:
        parts = [self._both(depth)]
        while self.skip() == "+":
            self.at += 1
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, depth: int) -> Expression:
        parts = [self._one(depth)]
        while self.skip() == "*":
            self.at += 1
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self, depth: int) -> Expression:
        sign, at = self.skip(), self.at
        if depth > _DEPTH_LIMIT:
            raise Misread(at, "parentheses are nested too deeply.")
        if sign == "!":
            self.at += 1
            if self.skip() == "!":
                raise Misread(self.at, "a doubled ! means one thing here and another in CTP.")
            return Not(self._one(depth))
        if sign == "(":
            self.at += 1
            found = self.either(depth + 1)
            if self.skip() != ")":
                raise Misread(at, "this parenthesis is never closed.")
            self.at += 1
            return found
        if sign != "[" and not sign.isalpha():
            raise Misread(at, 'a term was expected, as in Modality.equals("US").')
        return self._term(at)

    def _term(self, at: int) -> Expression:
        found = _TERM.match(self.text, at)
        if found is None:
            raise Misread(at, 'a term was expected, as in Modality.equals("US").')
        self.at = found.end()
        name, method, argument = found["name"].strip(), found["method"], found["argument"]
        if name in ("true", "false"):
            if method is not None:
                raise Misread(at, f"{name}. stands alone.")
            return Constant(name == "true")
        if method is None:
            raise Misread(at, "after the element a method with a text in quotes was expected.")
        if method not in METHODS:
            raise Misread(at, f"there is no method of the name {method!r}.")
        path = path_of(name)
        if path is None:
            raise Misread(at, f"there is no element of the name {name!r}.")
        _judge_argument(method, argument, at)
        return Term(path, method, argument)


def _judge_argument(method: str, argument: str, at: int) -> None:
    if method in ("isLessThan", "isGreaterThan"):
        if _number(argument) is None or re.search(r"[-eE]", argument):
            raise Misread(at, f"{method} compares with a number without sign or exponent.")
    elif method == "matches":
        try:
            java_pattern(argument)
        except ValueError:
            raise Misread(at, "this regular expression cannot be used here.") from None
