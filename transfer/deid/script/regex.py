"""Java's regular expressions, carried over to Python's.

What Java itself refuses fails when CTP comes to it, so it is told apart (`BadPattern`) from what
only we cannot carry over (`Untranslatable`), which no script may say.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Final

_ENDS: Final = "\\n\\r\\x85\\u2028\\u2029"
_DOT: Final = f"[^{_ENDS}]"
_ANY: Final = r"[\s\S]"
_LAST_END: Final = r"(?:(?<!\r)(?=\n\Z)|(?=(?:\r\n|[\r\x85\u2028\u2029])?\Z))"
_LINE_END: Final = r"(?:(?=[\r\x85\u2028\u2029]|\Z)|(?<!\r)(?=\n))"
_LINE_START: Final = r"(?:(?:\A|(?<=[\n\x85\u2028\u2029])|(?<=\r)(?!\n))(?!\Z))"
_HORIZONTAL: Final = " \\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000"
_VERTICAL: Final = "\\n\\x0b\\f\\r\\x85\\u2028\\u2029"
_POSIX: Final = {
    "Lower": "a-z", "Upper": "A-Z", "ASCII": "\\x00-\\x7f", "Alpha": "a-zA-Z", "Digit": "0-9",
    "Alnum": "a-zA-Z0-9", "Punct": "!-/:-@\\[-`{-~", "Graph": "!-~", "Print": " -~",
    "Blank": " \\t", "Cntrl": "\\x00-\\x1f\\x7f", "XDigit": "0-9a-fA-F",
    "Space": " \\t\\n\\x0b\\f\\r",
}  # fmt: skip
_CATEGORY: Final = re.compile(r"(?:Is|general_category=|gc=)?([CLMNPSZ][a-z]?)")
_PREDICATES: Final[dict[str, Callable[[str], bool]]] = {
    "IsAlphabetic": str.isalpha,
    "IsDigit": str.isdecimal,
    "IsLowercase": str.islower,
    "IsUppercase": str.isupper,
    "javaLowerCase": str.islower,
    "javaUpperCase": str.isupper,
    "javaLetter": str.isalpha,
    "javaDigit": str.isdecimal,
    "javaLetterOrDigit": str.isalnum,
}
_QUANTIFIER: Final = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})[+?]?")
_FLAGS: Final = re.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?([:)])")
_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9]*")
_OCTAL: Final = re.compile(r"[0-3]?[0-7]{1,2}")
_MOST_REPEATS: Final = 2**31 - 1


class BadPattern(ValueError):
    """No regular expression in Java either."""


class Untranslatable(ValueError):
    """Java takes it and we cannot give the same."""


@cache
def java_pattern(pattern: str) -> re.Pattern[str]:
    """A Java regular expression.

    Raises:
        BadPattern, Untranslatable
    """
    translated = _Translation(pattern).run()
    try:
        return re.compile(translated, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        raise Untranslatable from None


class _Translation:
    """One pass over a pattern. `flags` are those in force at the place; groups restore them."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._out: list[str] = []
        self._flags = frozenset[str]()
        self._depth = 0

    def run(self) -> str:
        self._alternatives()
        if self._at < len(self._pattern):
            raise BadPattern  # a parenthesis too many
        return "".join(self._out)

    def _peek(self, length: int = 1) -> str:
        return self._pattern[self._at : self._at + length]

    def _take(self, length: int = 1) -> str:
        taken = self._peek(length)
        if len(taken) < length:
            raise BadPattern
        self._at += length
        return taken

    def _alternatives(self) -> None:
        """Up to the end of the group, or of the pattern."""
        self._depth += 1
        if self._depth > 100:
            raise Untranslatable
        outer, opened, has_atom = self._flags, 0, False
        begins = True
        while self._at < len(self._pattern) and self._peek() != ")":
            character = self._peek()
            if character == "|":
                self._at += 1
                self._out.append("|")
                has_atom, begins = False, True
                if opened:
                    raise Untranslatable  # flags would reach past the alternative
                continue
            flags = _FLAGS.match(self._pattern, self._at)
            if flags is not None and flags[3] == ")":
                self._at = flags.end()
                opened += self._switch(flags[1], flags[2] or "")
                if not begins and opened and "|" in self._pattern[self._at :]:
                    raise Untranslatable
                has_atom = False
                continue
            begins = False
            quantifier = _QUANTIFIER.match(self._pattern, self._at)
            if quantifier is not None:
                if not has_atom:
                    raise BadPattern
                self._repeat(quantifier[0])
                has_atom = False
                continue
            if character in "*+?{":
                raise BadPattern
            self._atom()
            has_atom = True
        self._out.append(")" * opened)
        self._flags = outer
        self._depth -= 1

    def _repeat(self, quantifier: str) -> None:
        self._at += len(quantifier)
        counts = re.findall(r"\d+", quantifier)
        if any(int(count) > _MOST_REPEATS for count in counts) or (
            len(counts) == 2 and int(counts[0]) > int(counts[1])
        ):
            raise BadPattern
        self._out.append(quantifier)

    def _switch(self, on: str, off: str) -> int:
        """Take flags over for the rest of the group; the number of groups opened for that."""
        if not set(on + off) <= set("ims"):
            raise Untranslatable if set(on + off) <= set("imsdxuU") else BadPattern
        self._flags = (self._flags | set(on)) - set(off)
        opened = 0
        for letter, text in (("i", "(?i:"), ("-i", "(?-i:")):
            if letter[-1] in (off if letter[0] == "-" else on):
                self._out.append(text)
                opened += 1
        return opened

    def _atom(self) -> None:
        character = self._take()
        if character == "(":
            self._group()
        elif character == "[":
            self._out.append(self._class())
        elif character == "\\":
            self._escape()
        elif character == ".":
            self._out.append(_ANY if "s" in self._flags else _DOT)
        elif character == "^":
            self._out.append(_LINE_START if "m" in self._flags else r"\A")
        elif character == "$":
            self._out.append(_LINE_END if "m" in self._flags else _LAST_END)
        else:
            self._out.append(re.escape(character))

    def _group(self) -> None:
        outer = self._flags
        flags = _FLAGS.match(self._pattern, self._at - 1)
        if flags is not None:
            self._at = flags.end()
            if flags[1] or flags[2]:
                self._out.append("(?:")
                opened = self._switch(flags[1], flags[2] or "")
                self._alternatives()
                self._out.append(")" * opened)
            else:
                self._out.append("(?:")
                self._alternatives()
        elif self._peek() != "?":
            self._out.append("(")
            self._alternatives()
        else:
            self._at += 1
            self._out.append(self._head())
            self._alternatives()
        if self._at >= len(self._pattern):
            raise BadPattern
        self._at += 1
        self._out.append(")")
        self._flags = outer

    def _head(self) -> str:
        for head in ("<=", "<!", "=", "!", ">"):
            if self._peek(len(head)) == head:
                self._at += len(head)
                return f"(?{head}"
        if self._peek() != "<":
            raise BadPattern
        self._at += 1
        return f"(?P<{self._group_name()}>"

    def _group_name(self) -> str:
        name = _NAME.match(self._pattern, self._at)
        if name is None or self._pattern[name.end() : name.end() + 1] != ">":
            raise BadPattern
        self._at = name.end() + 1
        return name[0]

    def _escape(self) -> None:
        character = self._take()
        if character == "Q":
            end = self._pattern.find("\\E", self._at)
            literal = self._pattern[self._at : end if end >= 0 else len(self._pattern)]
            self._at = end + 2 if end >= 0 else len(self._pattern)
            # One group, so that a quantifier reaches the last character only, as in Java.
            self._out.append("".join(map(re.escape, literal)))
        elif character in "Az":
            self._out.append(r"\A" if character == "A" else r"\Z")
        elif character == "Z":
            self._out.append(_LAST_END)
        elif character == "R":
            self._out.append(f"(?>\\r\\n|[{_VERTICAL}])")
        elif character in "bB":
            self._out.append(f"\\{character}")
        elif character == "k":
            if self._take() != "<":
                raise BadPattern
            self._out.append(f"(?P={self._group_name()})")
        elif character in "123456789":
            self._out.append(f"(?:\\{character})")
        elif character in "GXN":
            raise Untranslatable
        else:
            self._out.append(f"[{self._member(character)}]" if character not in "DWSHVP" else
                             self._outside(character))  # fmt: skip

    def _outside(self, character: str) -> str:
        if character in "DWS":
            return f"\\{character}"
        inside = self._property() if character == "P" else self._member(character.lower())
        return f"[^{inside}]"

    def _member(self, character: str) -> str:
        """What stands after a backslash, as members of a class. Positive ones only."""
        simple = {"t": "\\t", "n": "\\n", "r": "\\r", "f": "\\f", "a": "\\x07", "e": "\\x1b",
                  "d": "0-9", "w": "a-zA-Z_0-9", "s": " \\t\\n\\x0b\\f\\r", "h": _HORIZONTAL,
                  "v": _VERTICAL}  # fmt: skip
        if character in simple:
            return simple[character]
        if character == "p":
            return self._property()
        if character == "x":
            if self._peek() == "{":
                end = self._pattern.find("}", self._at)
                digits = self._pattern[self._at + 1 : end] if end > 0 else ""
                self._at = end + 1
            else:
                digits = self._take(2)
            return _code(digits, 16)
        if character == "u":
            return _code(self._take(4), 16)
        if character == "0":
            octal = _OCTAL.match(self._pattern, self._at)
            if octal is None:
                raise BadPattern
            self._at = octal.end()
            return _code(octal[0], 8)
        if character == "c":
            return re.escape(chr(ord(self._take()) ^ 64))
        if character.isascii() and character.isalnum():
            raise BadPattern
        return re.escape(character)

    def _property(self) -> str:
        name = self._take()
        if name == "{":
            end = self._pattern.find("}", self._at)
            if end < 0:
                raise BadPattern
            name, self._at = self._pattern[self._at : end], end + 1
        if name in _POSIX:
            return _POSIX[name]
        if name in _PREDICATES:
            return _members(name)
        category = _CATEGORY.fullmatch(name)
        if category is None:
            raise Untranslatable
        return _members(category[1])

    def _class(self) -> str:
        """The class after its opening bracket."""
        negated = self._peek() == "^"
        if negated:
            self._at += 1
        members: list[str] = []
        is_first = True
        while True:
            character = self._take()
            if character == "]" and not is_first:
                break
            is_first = False
            if character == "&" and self._peek() == "&":
                raise Untranslatable
            if character == "[":
                members.append(self._united())
                continue
            low = self._class_member(character)
            if self._peek() == "-" and self._peek(2)[1:] not in ("]", "[", "") and len(low) <= 6:
                self._at += 1
                high = self._class_member(self._take())
                members.append(f"{low}-{high}")
                continue
            members.append(low)
        return f"[{'^' if negated else ''}{''.join(members)}]"

    def _united(self) -> str:
        inner = self._class()
        if inner.startswith("[^"):
            raise Untranslatable
        return inner[1:-1]

    def _class_member(self, character: str) -> str:
        if character != "\\":
            return re.escape(character) if not character.isalnum() else character
        escaped = self._take()
        if escaped in "DWS":
            return f"\\{escaped}"
        if escaped == "Q":
            raise Untranslatable
        if escaped in "HVP":
            raise Untranslatable
        return self._member(escaped)


def _code(digits: str, base: int) -> str:
    try:
        return re.escape(chr(int(digits, base)))
    except (ValueError, OverflowError):
        raise BadPattern from None


@cache
def _members(name: str) -> str:
    """Ranges of the characters of a general category, or for which a predicate holds."""
    predicate = _PREDICATES.get(name) or (
        lambda character: unicodedata.category(character).startswith(name)
    )
    ranges: list[str] = []
    start: int | None = None
    for code in range(sys.maxunicode + 2):
        holds = code <= sys.maxunicode and predicate(chr(code))
        if holds and start is None:
            start = code
        elif not holds and start is not None:
            ranges.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = None
    return "".join(ranges)
