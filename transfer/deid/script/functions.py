"""What all functions of the language share: their arguments, and the form they are compiled to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from transfer.deid.script.calls import Call
from transfer.deid.script.references import Names, Text, text_reader
from transfer.deid.script.regex import BadPattern, java_pattern
from transfer.deid.script.scene import Quarantine, Scene
from transfer.deid.text.java import parse_int, trim

Render = Callable[[Scene, int], str]
"""Gives the text of a call, for the element whose tag is given."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What rules are compiled with: parameters, lookup table, private names."""

    params: Mapping[str, str]
    lookup: Mapping[str, str] | None
    names: Names
    compiled: Callable[[str], Render]
    """Compiles a clause, once."""
    warn: Callable[[str], None] = field(default=lambda words: None)


class Argument:
    """The arguments of one call. What CTP would trip over raises `Quarantine` when rendered."""

    def __init__(self, call: Call, setting: Setting) -> None:
        self.call = call
        self.setting = setting

    def __len__(self) -> int:
        return len(self.call.args)

    def raw(self, at: int) -> str:
        """An argument as written.

        Raises:
            Missing: the call has too few.
        """
        if at >= len(self.call.args):
            raise Missing(self.call.name)
        return self.call.args[at]

    def plain(self, at: int) -> str:
        """An argument without the quotes around it; "" where there is none.

        Raises:
            Missing: it is a single quote, which CTP trips over.
        """
        if at >= len(self.call.args):
            return ""
        arg = self.call.args[at]
        if arg.startswith('"') and arg.endswith('"'):
            if len(arg) == 1:
                raise Missing(self.call.name)
            return arg[1:-1]
        return arg

    def param(self, at: int) -> str | None:
        """The value of an argument that may name a parameter; None: an undefined one.

        Raises:
            Missing: the call has too few.
        """
        arg = trim(self.raw(at))
        if arg[:1] in ("@", "$"):
            return self.setting.params.get(arg[1:])
        return arg

    def integer(self, at: int, otherwise: int) -> int:
        """An argument that may name a parameter, as an integer."""
        return integer(self.param(at), otherwise) if at < len(self) else otherwise

    def text(self, at: int) -> Callable[[Scene, int], str]:
        """How the element that an argument names is read; absent: "".

        Raises:
            Missing: the call has too few.
        """
        read = self.text_or_none(at)
        return lambda scene, this: read(scene, this) or ""

    def text_or_none(self, at: int) -> Text:
        """As `text`; absent: None."""
        return text_reader(self.raw(at), self.setting.names)

    @property
    def put_back(self) -> str:
        return self.call.arguments_text


class Missing(Exception):
    """An argument that the function cannot do without is not there; CTP fails when it comes to
    the call, so the file is quarantined then, and not before."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def integer(text: str | None, otherwise: int) -> int:
    """An integer, or something else where Java finds none."""
    try:
        return otherwise if text is None else parse_int(text)
    except ValueError:
        return otherwise


class Constant:
    """A render that does not look at the file; rules made of such are decided at load time."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self, scene: Scene, this: int) -> str:
        return self.text


class Failing:
    """A render that always ends the file's way."""

    __slots__ = ("stop",)

    def __init__(self, words: str) -> None:
        self.stop = words

    def __call__(self, scene: Scene, this: int) -> str:
        raise Quarantine(self.stop)


def pattern_of(argument: Argument, text: str) -> re.Pattern[str] | None:
    """A regular expression; None: Java takes it for none, and fails when it comes to it.

    Raises:
        Untranslatable: we cannot give the same as Java.
    """
    try:
        return java_pattern(text)
    except BadPattern:
        argument.setting.warn(
            f"the regular expression of @{argument.call.name} is broken: "
            "every file that comes to it is quarantined."
        )
        return None
