"""Reads a profile from its file.

A profile is a TOML file: `name`, `version`, `summary`, `unlisted` with `unlisted-reason`, perhaps
a `base`; then `[[kind]]` tables (what `keep` and `data` come to for some VRs) and `[[group]]`
tables. The `elements` of a group are lines of the forms

    0010,0020 PatientID                 one element, with its keyword
    0019,xx0C [CREATOR] BValue IS       a private element in whichever block its creator has
    group 0018                          what the dictionary knows of a group and no line names
    emptied 0018                        what the base empties in a group: back to the group's class
    private  60xx,xxxx  50xx,xxxx       private elements, overlays, curves

A later line overrules an earlier one in the base, and repeats none in the same file.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from transfer.deid.profiles.actions import OF_ELEMENTS, OF_KINDS, Action
from transfer.deid.profiles.table import (
    CURVES,
    EMPTIED_CLASS,
    OVERLAYS,
    PRIVATE,
    Group,
    Kind,
    PrivateElement,
    Profile,
)

_ELEMENT: Final = re.compile(r"([0-9A-F]{4}),([0-9A-F]{4}) (\w+)")
_PRIVATE_ELEMENT: Final = re.compile(r"([0-9A-F]{4}),xx([0-9A-F]{2}) \[([^]]+)\] (\w+) ([A-Z]{2})")
_CLASS: Final = re.compile(r"(group|emptied) ([0-9A-F]{4})")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]*")
_GROUP_KEYS: Final = frozenset(("action", "reason", "elements", "text", "insert", "codes"))
_FILE_KEYS: Final = frozenset(
    ("name", "version", "summary", "base", "unlisted", "unlisted-reason", "kind", "group")
)
_TEXT_ACTIONS: Final = frozenset((Action.WRITE, Action.WRITE_IN_VAIN, Action.APPEND))


class ProfileError(ValueError):
    """A profile cannot be used. The text names the file, the line and what is wrong there."""


@lru_cache(maxsize=16)
def load_profile(name: str) -> Profile:
    """A profile that comes with the program, by its name.

    Raises:
        ProfileError: there is none of that name.
    """
    path = files(__package__).joinpath(f"{name}.toml")
    if not _NAME.fullmatch(name) or not path.is_file():
        raise ProfileError(f"There is no profile {name!r}.")
    return parse_profile(path.read_text(encoding="utf-8"), f"{name}.toml")


def parse_profile(text: str, file: str) -> Profile:
    """A profile from the text of its file; its base comes with the program.

    Raises:
        ProfileError: the text is no profile.
    """
    return _Reader(text, file).profile()


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        # Where each table begins, to name the line of what is wrong in it.
        lines = text.splitlines()
        self._starts = {
            kind: [n for n, line in enumerate(lines, 1) if line.strip() == f"[[{kind}]]"]
            for kind in ("kind", "group")
        }
        self._lines = lines
        self._seen: dict[str, int] = {}

    def profile(self) -> Profile:
        try:
            said = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as problem:
            raise ProfileError(f"{self._file}: {problem}") from problem
        if unknown := said.keys() - _FILE_KEYS:
            raise self._error(1, f"unknown setting {min(unknown)!r}")
        for key in ("name", "version", "summary", "unlisted", "unlisted-reason"):
            if not isinstance(said.get(key), str):
                raise self._error(1, f"{key!r} is missing")
        base = load_profile(said["base"]) if "base" in said else None
        digest = hashlib.sha256(self._text.encode())
        if base is not None:
            digest.update(bytes.fromhex(base.sha256))
        unlisted = Group(self._action(said["unlisted"], 1), said["unlisted-reason"])
        profile = Profile(
            said["name"], said["version"], said["summary"], digest.hexdigest(), unlisted, base=base
        )
        if base is not None:
            profile.elements.update(base.elements)
            profile.names.update(base.names)
            profile.classes.update(base.classes)
            profile.private.update(base.private)
            profile.kinds.update(base.kinds)
        for table, start in zip(said.get("kind", []), self._starts["kind"], strict=True):
            self._kind(profile, table, start)
        own = []
        for table, start in zip(said.get("group", []), self._starts["group"], strict=True):
            own.append(self._group(profile, table, start))
        profile.own = tuple(own)
        return profile

    def _error(self, line: int, problem: str) -> ProfileError:
        return ProfileError(f"{self._file}, line {line}: {problem}")

    def _action(self, word: object, line: int) -> Action:
        try:
            action = Action(str(word))
        except ValueError:
            raise self._error(line, f"unknown action {word!r}") from None
        if action not in OF_ELEMENTS:
            raise self._error(line, f"action {word!r} is for kinds of values only")
        return action

    def _kind(self, profile: Profile, table: dict[str, Any], start: int) -> None:
        actions = {}
        for key in ("keep", "in-items", "data"):
            word = table.get(key, table.get("keep"))
            try:
                actions[key] = Action(str(word))
            except ValueError:
                raise self._error(start, f"unknown action {word!r}") from None
            if actions[key] not in OF_KINDS:
                raise self._error(start, f"action {word!r} is not for kinds of values")
        reason = self._reason(table, start)
        kind = Kind(actions["keep"], actions["in-items"], actions["data"], reason)
        for vr in str(table.get("vr", "")).split():
            profile.kinds[vr] = kind

    def _reason(self, table: dict[str, Any], start: int) -> str:
        reason = table.get("reason")
        if not isinstance(reason, str) or not reason.strip():
            raise self._error(start, "a reason is missing")
        return reason

    def _group(
        self, profile: Profile, table: dict[str, Any], start: int
    ) -> tuple[Group, tuple[str, ...]]:
        if unknown := table.keys() - _GROUP_KEYS:
            raise self._error(start, f"unknown setting {min(unknown)!r}")
        action = self._action(table.get("action"), start)
        text = str(table.get("text", ""))
        if (action in _TEXT_ACTIONS) is not bool(text):
            raise self._error(start, f"action {action.value!r} and 'text' do not go together")
        codes = tuple(
            (code, meaning)
            for code, _, meaning in (str(c).partition(" ") for c in table.get("codes", []))
        )
        group = Group(action, self._reason(table, start), text, bool(table.get("insert")), codes)
        lines = self._entries(table, start)
        for number, line in lines:
            self._enter(profile, group, line, number)
        return group, tuple(line for _, line in lines)

    def _entries(self, table: dict[str, Any], start: int) -> list[tuple[int, str]]:
        elements = table.get("elements")
        if not isinstance(elements, str) or not elements.strip():
            raise self._error(start, "elements are missing")
        opening = next(
            n for n in range(start, len(self._lines) + 1) if "elements" in self._lines[n - 1]
        )
        # TOML drops the line break behind the opening quotes.
        first = opening + self._lines[opening - 1].rstrip().endswith("'''")
        return [
            (first + n, line.strip())
            for n, line in enumerate(elements.splitlines())
            if line.strip()
        ]

    def _enter(self, profile: Profile, group: Group, line: str, number: int) -> None:
        if line in self._seen:
            raise self._error(number, f"the same as line {self._seen[line]}")
        self._seen[line] = number
        if found := _ELEMENT.fullmatch(line):
            tag = int(found[1] + found[2], 16)
            profile.elements[tag] = group
            profile.names[tag] = found[3]
        elif found := _PRIVATE_ELEMENT.fullmatch(line):
            if not int(found[1], 16) & 1:
                raise self._error(number, "a private element has an odd group")
            element = PrivateElement(
                int(found[1], 16), found[3], int(found[2], 16), found[4], found[5]
            )
            profile.private[element] = group
        elif found := _CLASS.fullmatch(line):
            if found[1] == EMPTIED_CLASS:
                self._set_aside(profile, int(found[2], 16))
            else:
                profile.classes[line] = group
        elif line in (PRIVATE, OVERLAYS, CURVES):
            profile.classes[line] = group
        else:
            raise self._error(number, "not an element and not a class of elements")

    def _set_aside(self, profile: Profile, number: int) -> None:
        base = profile.base.elements if profile.base is not None else {}
        for tag, group in base.items():
            # Only what is still as the base has it: a line above may have named it already.
            is_untouched = profile.elements.get(tag) is group
            if is_untouched and tag >> 16 == number and group.action is Action.EMPTY:
                del profile.elements[tag]
