"""Hashes of texts as decimal digits (reference, sections 4.2 and 4.3)."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from transfer.deid.script.functions import Argument, Constant, Render, integer
from transfer.deid.script.references import named_tag_reader
from transfer.deid.script.scene import Beyond, Scene, Stop
from transfer.deid.text.java import INT_MAX, split, trim

_REMOVE: Final = "@remove()"
_UID_LENGTH: Final = 64
_IN_NAMES: Final = re.compile(r"[ \t\n\x0b\f\r,'^.]")


def digits(text: str) -> str:
    """MD5 of the UTF-8 bytes of a text, as a decimal number."""
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return str(int.from_bytes(digest, "big"))


def cut(text: str, length: int) -> str:
    """The first digits; a length below 1 stands for all."""
    return text[:length] if length >= 1 else text


def patient_digits(site: str | None, patient_id: str, length: int = INT_MAX) -> str:
    """`@hashptid`: the site id in brackets before the id, both trimmed."""
    return cut(digits(f"[{trim(site or '')}]{trim(patient_id)}"), length)


def uid_of(root: str, text: str) -> str:
    """`@hashuid`: digits below a root, at most 64 characters."""
    if not root.endswith("."):
        root += "."
    root = trim(root)
    if root and not root.endswith("."):
        root += "."
    number = digits(text)
    return f"{root}{'9' if number.startswith('0') else ''}{number}"[:_UID_LENGTH]


def hash_(argument: Argument) -> Render:
    put_back = argument.put_back
    if not len(argument):
        return Constant(put_back)
    read = argument.text_or_none(0)
    length = argument.param(1) if len(argument) > 1 else ""
    shortest = INT_MAX if length is None else integer(length, INT_MAX)

    def render(scene: Scene, this: int) -> str:
        text = read(scene, this)
        if text is None:
            return _REMOVE
        return put_back if length is None else cut(digits(text), shortest)

    return render


def hashname(argument: Argument) -> Render:
    if len(argument) < 2:
        return Constant(argument.put_back)
    read = argument.text(0)
    length = argument.integer(1, 4)
    words = argument.integer(2, INT_MAX)
    if words <= 0:
        words = INT_MAX

    def render(scene: Scene, this: int) -> str:
        name = "".join(split(read(scene, this), "^")[:words])
        return cut(digits(_IN_NAMES.sub("", name).upper()), length)

    return render


def hashptid(argument: Argument) -> Render:
    if len(argument) < 2:
        return Constant(argument.put_back)
    site = argument.param(0)
    read = argument.text(1)
    length = argument.integer(2, INT_MAX)
    return lambda scene, this: patient_digits(site, read(scene, this), length)


def hashuid(argument: Argument) -> Render:
    put_back = argument.put_back
    if len(argument) < 2:
        return Constant(put_back)
    root = argument.param(0)
    read = argument.text_or_none(1)
    appended = (
        named_tag_reader(argument.raw(2), argument.setting.names) if len(argument) > 2 else None
    )

    def render(scene: Scene, this: int) -> str:
        text = read(scene, this)
        if text is None:
            return _REMOVE
        if root is None:
            return put_back
        if appended is not None:
            scene.deeper()
            try:
                text += scene.render_rule(scene, appended(scene, this)) or ""
            except Beyond:
                raise
            except Stop:
                # CTP takes even a @skip() or @quarantine() of that other rule for a failed call.
                return put_back
            finally:
                scene.back()
        return uid_of(root, text)

    return render
