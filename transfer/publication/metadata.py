"""Metadata of a dataset as a person enters them: a file, its form, and what is wrong with it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from transfer.clock import utc_now
from transfer.errors import UsageError
from transfer.foreign_toml import parse_toml
from transfer.ledger.connection import Ledger
from transfer.ledger.publication import keep_texts, kept_texts
from transfer.publication.standing import Fault
from transfer.publication.values import Field, Texts
from transfer.sentences import count, listed

LARGEST_BYTES: Final = 256 * 1024
_LEAST_NO_VERSION: Final = 10**18
_DEEPEST: Final = 8
_MOST_VALUES: Final = 200
_MOST_FAULTS: Final = 12
_MANY: Final = ("choices", "words")
_REMEDY: Final = "Fill in the form that this prints: eucaim-transfer dataset NAME --template"


def read_metadata(path: Path, fields: Sequence[Field]) -> Texts:
    """The metadata that a file holds, TOML or JSON by its suffix; the file is untrusted. What it
    does not name is left as it is; an empty value empties a field.

    Raises:
        UsageError: it cannot be read, or every fault that it has.
    """
    found = _texts(_document(path))
    faults = faults_of(fields, found)
    if faults:
        told = [f"{fault.key}: {fault.text}" for fault in faults]
        raise UsageError(
            "The metadata cannot be used; nothing was changed. What is wrong: "
            + listed(told, _MOST_FAULTS, "; ")
            + ".",
            f"Put it right in the file. {_REMEDY}",
        )
    return found


def _document(path: Path) -> Mapping[str, Any]:
    suffix = path.suffix.casefold()
    if suffix not in (".toml", ".json"):
        raise _unreadable("its name ends neither in .toml nor in .json")
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _unreadable("it is no file")
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        with open(os.open(path, flags), "rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise _unreadable(error.strerror or "input/output error") from error
    except ValueError as error:
        raise _unreadable("its name cannot be one") from error
    if len(content) > LARGEST_BYTES:
        raise _unreadable(f"it is larger than {LARGEST_BYTES >> 10} KiB")
    try:
        text = content.decode("utf-8-sig")
        document = parse_toml(text) if suffix == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"it is not {suffix[1:].upper()} in UTF-8") from error
    if not isinstance(document, dict):
        raise _unreadable("it is no table of fields")
    return document


def _unreadable(why: str) -> UsageError:
    return UsageError(f"The file of metadata cannot be read: {why}.", _REMEDY)


def _texts(document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return dict(_flat(document, ""))


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            if prefix.count(".") > _DEEPEST:
                raise _unreadable("its tables lie too deep in each other")
            yield from _flat(value, f"{key}.")
        elif isinstance(value, list):
            yield key, tuple(_text(key, one) for one in value)
        else:
            text = _text(key, value)
            yield key, (text,) if text.strip() else ()


def _text(key: str, value: Any) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LEAST_NO_VERSION:
        # A version is written without quotes easily. Python writes no number of any length.
        return str(value)
    raise UsageError(
        f"The metadata cannot be used; nothing was changed. {_shown(key)}: it is no text.",
        f'Write texts in quotes, lists as ["a", "b"]. {_REMEDY}',
    )


def _shown(key: str) -> str:
    """A key of the file in a message: the file is untrusted."""
    return "".join(c if c.isprintable() else "?" for c in key[:40]) or "(empty)"


def faults_of(fields: Sequence[Field], texts: Texts) -> list[Fault]:
    """What is wrong with these values, in the order in which they stand there; empty where the
    fields take them. Fields that are not named are not looked at."""
    known = {field.key: field for field in fields}
    faults: list[Fault] = []
    for key, values in texts.items():
        field = known.get(key)
        if field is None:
            names = listed(list(known), 20)
            faults.append(Fault(_shown(key), f"there is no such field, there are: {names}"))
            continue
        if not field.is_editable:
            if tuple(values) != tuple(field.value):
                faults.append(Fault(key, "it cannot be changed (any more) by this account"))
            continue
        faults += [Fault(key, text) for text in _faults(field, values)]
    return faults


def _faults(field: Field, values: Sequence[str]) -> Iterator[str]:
    if len(values) > 1 and field.kind not in _MANY:
        yield "it takes one value, not several"
    if len(values) > _MOST_VALUES:
        yield f"it takes at most {_MOST_VALUES} values"
    if len(set(values)) < len(values):
        yield "a value stands there twice"
    if not values and field.least and field.kind not in _MANY:
        yield f"it needs at least {count(field.least, 'character')}"
    for value in values[:_MOST_VALUES]:
        if field.allowed and value not in field.allowed:
            yield f"one value is none of: {listed(list(field.allowed), 20)}"
        elif field.most is not None and len(value) > field.most:
            yield f"{count(len(value), 'character')}, at most {field.most:,} are taken"
        elif len(value.strip()) < field.least:
            yield f"{count(len(value.strip()), 'character')}, at least {field.least:,} are needed"
        if not _is_clean(value, is_text=field.kind == "text"):
            yield "it holds a control character, or one that is not seen"


def _is_clean(value: str, *, is_text: bool) -> bool:
    plain = value.replace("\r\n", "").replace("\n", "").replace("\t", "") if is_text else value
    return plain.isprintable()


def lacking(fields: Sequence[Field], texts: Texts | None = None) -> list[Fault]:
    """What is still to be filled in: what others cannot see the dataset without (`block`), and
    what is missed all the same (`warn`). `texts` stand for the values that they name."""
    given = texts or {}
    faults: list[Fault] = []
    for field in fields:
        values = given.get(field.key, field.value)
        if any(value.strip() for value in values):
            continue
        if field.is_needed:
            faults.append(Fault(field.key, f"{field.title} is empty; it is needed."))
        elif field.if_empty:
            faults.append(Fault(field.key, f"{field.title} is empty. {field.if_empty}", "warn"))
    return faults


def changes_in(fields: Sequence[Field], texts: Texts) -> dict[str, tuple[str, ...]]:
    """Those of the values that are not there already."""
    now = {field.key: tuple(field.value) for field in fields}
    return {key: tuple(v) for key, v in texts.items() if tuple(v) != now.get(key, ())}


def template(fields: Sequence[Field]) -> str:
    """The form of the metadata as TOML: what stands there now, with the limits of each field."""
    lines = ["# Metadata of the dataset. A line that is left out leaves the field as it is."]
    for field in fields:
        lines += ["", f"# {_comment(field.title)}"]
        lines += [f"# {_comment(text)}" for text in (field.help, _limits(field)) if text]
        entry = f"{_key(field.key)} = {_value(field)}"
        if not field.is_editable:
            lines.append("# It cannot be changed (any more) by this account.")
        lines.append(entry if field.is_editable and field.value else f"# {entry}")
    return "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _limits(field: Field) -> str:
    told = ["Needed."] if field.is_needed else []
    if field.allowed:
        told.append(f"{'Any' if field.kind in _MANY else 'One'} of: {', '.join(field.allowed)}.")
    if field.least and field.most is not None:
        told.append(f"{field.least:,} to {field.most:,} characters.")
    elif field.most is not None:
        told.append(f"At most {field.most:,} characters.")
    elif field.least:
        told.append(f"At least {field.least:,} characters.")
    if field.is_fixed_later:
        told.append("It cannot be changed once others see the dataset.")
    return " ".join(told)


def _key(key: str) -> str:
    return ".".join(
        part if part.replace("-", "_").isidentifier() and part.isascii() else _quoted(part)
        for part in key.split(".")
    )


def _value(field: Field) -> str:
    if field.kind in _MANY:
        return f"[{', '.join(map(_quoted, field.value))}]"
    return _quoted(field.value[0] if field.value else "")


def _quoted(text: str) -> str:
    """A basic string of TOML 1.0: JSON's escapes are among its own, but DEL is none of JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def kept_metadata(ledger: Ledger) -> Texts:
    """What a person entered last; used when there is a dataset to enter it into."""
    return kept_texts(ledger)


def keep_metadata(ledger: Ledger, texts: Texts, person: str = "") -> None:
    """Keep what a person entered, before there is a dataset; other fields stay as they were.

    Raises:
        StepBlocked: a text tells of a patient.
    """
    from transfer.publication.speech import refuse_patients

    refuse_patients(ledger, {f"metadata, {key}": " \n".join(v) for key, v in texts.items()})
    with ledger.transaction():
        keep_texts(ledger, texts, person, utc_now())
