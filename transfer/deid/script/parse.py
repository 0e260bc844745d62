"""From the bytes of a script to what it says, in either of its two forms (reference, section 1)."""

from __future__ import annotations

import re
from typing import Final

from transfer.deid.script.model import Rule, Script, ScriptError, Switch, Warned
from transfer.deid.script.properties import BadProperty, Property, read_properties
from transfer.deid.script.xmlform import Line, read_lines
from transfer.deid.text.java import trim
from transfer.deid.text.names import block_of, tag_of

MAX_SCRIPT_BYTES: Final = 16 * 1024 * 1024

_XML_LINE: Final = re.compile(r"^\s*<", re.MULTILINE)
_GROUP: Final = re.compile(r"[0-9a-fA-F]{1,4}")
_SAFE_PRIVATE: Final = "keep.safeprivateelements"
_SWITCHES: Final = {f"remove.{switch}": switch for switch in Switch}


def parse_script(data: bytes, name: str) -> Script:
    """Read a script. Rules are not looked into yet: that is for compiling them.

    Raises:
        ScriptError: it is broken, or says something that cannot be honoured.
    """
    if len(data) > MAX_SCRIPT_BYTES:
        raise ScriptError(0, "this is far too large to be a script.", "Check which file was named.")
    if data.startswith(b"\xef\xbb\xbf"):
        raise ScriptError(
            1,
            "a byte-order mark stands before the script; CTP reads such a script as empty.",
            "Save the script as UTF-8 without a byte-order mark.",
        )
    text = data.decode("utf-8", "replace")
    reading = _Reading()
    try:
        if _XML_LINE.search(text):
            for line in read_lines(text):
                reading.take_line(line)
        else:
            for entry in read_properties(text):
                reading.take_property(entry)
    except BadProperty as error:
        raise ScriptError(
            error.line,
            "\\u is not followed by four hexadecimal digits.",
            "Write the character itself, or its code in four digits.",
        ) from None
    return reading.script(name)


def parse_lookup(data: bytes) -> dict[str, str]:
    """Read a lookup table: properties in ISO 8859-1, `keytype/value=replacement`.

    Raises:
        ScriptError: it is broken; `line` is the table's.
    """
    try:
        return {entry.key: entry.value for entry in read_properties(data.decode("iso8859_1"))}
    except BadProperty as error:
        raise ScriptError(
            error.line,
            "in the lookup table \\u is not followed by four hexadecimal digits.",
            "Write four hexadecimal digits, or two backslashes for one.",
        ) from None


class _Reading:
    """A script while it is read: CTP's own table of keys, built up line by line."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}
        self._rules: dict[str, Rule] = {}
        self._params: dict[str, str] = {}
        self._keep_groups: set[int] = set()
        self._switches: set[Switch] = set()
        self._is_keeping_safe_private = False
        self._warnings: list[Warned] = []

    def take_line(self, line: Line) -> None:
        """A child of the XML root."""
        target = line.attributes.get("t", "")
        if line.kind == "p":
            self._param(f"param.{target}", line.text)
            return
        if line.kind not in ("e", "k", "r"):
            self._warn(line.line, f"<{line.kind}> means nothing to CTP; the line is passed over.")
            return
        enabled = line.attributes.get("en", "")
        is_on = enabled == "T"
        if not is_on and enabled != "F":
            self._warn(line.line, "en is neither T nor F, so CTP takes the line for switched off.")
        switched = "" if is_on else "#"
        if line.kind == "e":
            if len(target) < 4:
                raise _no_element(line.line)
            reference = f"{target[:4]},{target[4:]}"
            key = f"{switched}set.[{reference}]{line.attributes.get('n', '')}"
            self._keys[key] = None
            if is_on:
                self._rule(line.line, key, trim(line.text))
        elif line.kind == "k":
            key = _SAFE_PRIVATE if target.startswith("safe") else f"keep.group{target}"
            self._keys[switched + key] = None
            if is_on:
                self._keep(line.line, key)
        else:
            key = f"remove.{target}"
            self._keys[switched + key] = None
            if is_on:
                self._remove(line.line, key)

    def take_property(self, entry: Property) -> None:
        """A line of the older form."""
        line, key, value, ends_at_blank = entry
        self._keys[key] = None
        if ends_at_blank and "=" in value:
            self._warn(line, "a key ends at its first blank; what follows is taken for its value.")
        if key.startswith("param."):
            self._param(key, value)
        elif key.startswith("set.["):
            self._rule(line, key, value)
        elif key == _SAFE_PRIVATE or key.startswith("keep.group"):
            self._keep(line, key)
        elif key.startswith("remove."):
            self._remove(line, key)
        else:
            self._warn(line, "this key means nothing to CTP; the line is passed over.")

    def script(self, name: str) -> Script:
        self._warn_of_rivals()
        return Script(
            name=name,
            rules=tuple(self._rules.values()),
            params=self._params,
            keep_groups=frozenset(self._keep_groups),
            switches=frozenset(self._switches),
            is_keeping_safe_private=self._is_keeping_safe_private,
            keys=tuple(self._keys),
            warnings=tuple(self._warnings),
        )

    def _warn(self, line: int, words: str) -> None:
        self._warnings.append(Warned(line, words))

    def _param(self, key: str, value: str) -> None:
        self._keys[key] = None
        self._params[key.removeprefix("param.")] = value

    def _rule(self, line: int, key: str, text: str) -> None:
        end = _closing_bracket(key)
        reference = key[5:end]
        tag: int | None = tag_of(reference)
        if not end or not tag:
            if not end or block_of(reference) is None:
                raise _no_element(line)
            tag = None
        if key in self._rules:
            self._warn(line, f"a second rule for the same element; that of line "
                             f"{self._rules[key].line} is passed over.")  # fmt: skip
        name = trim(key[end + 1 :])
        is_private = tag is None or bool(tag & 0x10000)
        self._rules[key] = Rule(key, reference, tag, name if is_private else "", text, line)

    def _keep(self, line: int, key: str) -> None:
        if key == _SAFE_PRIVATE:
            self._is_keeping_safe_private = True
            self._warn(
                line,
                "of the private elements that CTP calls safe only those of CTP itself are kept "
                "here: its dictionary of the others is not part of this program.",
            )
            return
        group = trim(key.removeprefix("keep.group"))
        if not _GROUP.fullmatch(group):
            raise ScriptError(
                line,
                "the group to keep is not a hexadecimal number.",
                "Write the group in four hexadecimal digits, such as 0018.",
            )
        self._keep_groups.add(int(group, 16))

    def _remove(self, line: int, key: str) -> None:
        switch = _SWITCHES.get(key)
        if switch is None:
            raise ScriptError(
                line,
                "there is no such removal switch; CTP would silently remove nothing.",
                f"Write one of {', '.join(Switch)}.",
            )
        self._switches.add(switch)

    def _warn_of_rivals(self) -> None:
        seen: dict[int, Rule] = {}
        for rule in self._rules.values():
            if rule.tag is None:
                continue
            other = seen.setdefault(rule.tag, rule)
            if other is not rule and other.text != rule.text:
                self._warn(
                    rule.line,
                    f"line {other.line} has another rule for the same element, written otherwise: "
                    "which of them wins is an accident of CTP's tables. Delete one.",
                )


def _closing_bracket(key: str) -> int:
    """Where the bracket at position 4 of a key closes; 0: nowhere."""
    depth = 0
    for at in range(4, len(key)):
        depth += {"[": 1, "]": -1}.get(key[at], 0)
        if depth == 0:
            return at
    return 0


def _no_element(line: int) -> ScriptError:
    return ScriptError(
        line,
        "the rule names no element; CTP would silently pass it over.",
        "Write group and element in eight hexadecimal digits, or group[CREATOR]offset.",
    )
