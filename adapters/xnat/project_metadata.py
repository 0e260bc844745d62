"""The metadata of a project on XNAT: its form, what its item says, and what sets it. Pure.

A field is set by the query of a PUT, its name a path of XNAT's schema, as xnatpy and pyxnat do
(xnat-rest.md 6.1 and 6.4). So its length is bounded by the line of a request too: web servers take
8 KiB with all headers. The principal investigator is an object of its own that several projects
may name; its parts go together, or XNAT would keep a person of whom half the name is missing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from adapters.xnat.wire import address
from transfer.publication.metadata import faults_of
from transfer.publication.values import Field, Texts

TITLE: Final = "title"
KEYWORDS: Final = "keywords"
INVESTIGATORS: Final = "investigators"
# XNAT makes of a plain text of its schema a column of 255 characters.
_LINE: Final = 255
_TEXT: Final = 4000
_LONGEST_QUERY_BYTES: Final = 6144
_PATHS: Final[Mapping[str, str]] = {
    TITLE: "name",
    "running_title": "secondary_ID",
    "description": "description",
    KEYWORDS: "keywords",
    "pi_title": "PI/title",
    "pi_first_name": "PI/firstname",
    "pi_last_name": "PI/lastname",
    "pi_institution": "PI/institution",
}
_PI: Final = tuple(key for key, path in _PATHS.items() if path.startswith("PI/"))
_TOGETHER: Final = (*((key,) for key in _PATHS if key not in _PI), _PI)
_KIND: Final = "xnat:projectData"
_HALF: Final = re.compile(r"[\ud800-\udfff]")
# The five signs of markup, in each of the ways in which they are written out.
_ESCAPED: Final = re.compile(r"&(?:amp|lt|gt|quot|apos|#0*3[49]|#x2[27]);")

FIELDS: Final[Sequence[Field]] = (
    Field(
        TITLE,
        "Title",
        help="What others find the project by; no other project of the site has it.",
        least=1,
        most=_LINE,
        is_needed=True,
    ),
    Field(
        "running_title",
        "Running title",
        help="A short name for lists; no other project of the site has it.",
        most=_LINE,
    ),
    Field(
        "description",
        "Description",
        kind="text",
        help="What was collected, from whom, how and for what; others see it before they ask.",
        most=_TEXT,
    ),
    Field(
        KEYWORDS,
        "Keywords",
        kind="words",
        help="Words that others search for; none has a comma in it.",
    ),
    Field(
        "pi_title",
        "Principal investigator: title",
        help="Such as Dr or Prof.; it is the same in every project that names this person.",
        most=_LINE,
    ),
    Field("pi_first_name", "Principal investigator: first name", most=_LINE),
    Field("pi_last_name", "Principal investigator: last name", most=_LINE),
    Field(
        "pi_institution",
        "Principal investigator: institution",
        help="It is the same in every project that names this person.",
        most=_LINE,
    ),
    Field(
        INVESTIGATORS,
        "Further investigators",
        kind="words",
        help="An owner adds and removes them in the project's page, under Edit details.",
        is_editable=False,
    ),
)
_BY_KEY: Final = {field.key: field for field in FIELDS}


@dataclass(frozen=True, slots=True)
class ProjectItem:
    """A project as its item shows it; `texts` are as the node keeps them, by our keys."""

    id: str
    texts: Mapping[str, str]
    investigators: Sequence[str]

    @property
    def title(self) -> str:
        return _read(self.texts[TITLE]) or self.id

    def fields(self, *, may_edit: bool) -> Sequence[Field]:
        """The form, filled in."""
        return [
            replace(field, value=self._value(field), is_editable=field.is_editable and may_edit)
            for field in FIELDS
        ]

    def _value(self, field: Field) -> tuple[str, ...]:
        if field.key == INVESTIGATORS:
            return tuple(self.investigators)
        text = _read(self.texts[field.key])
        if field.kind == "words":
            return tuple(word for part in text.split(",") if (word := part.strip()))
        return (text,) if text else ()

    def keeps(self, key: str, wanted: str) -> bool:
        """Whether the node has this text, as it is or with its markup signs written out: where a
        site does that, its pages show it as it was meant."""
        held = _even(self.texts[key])
        return wanted in (held, _typed(held))


def read_item(document: Any) -> ProjectItem:
    """From the JSON of a project.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    items = document["items"]
    if not (isinstance(items, list) and items):
        raise ValueError("no item")
    fields = items[0]["data_fields"]
    below: dict[str, list[Mapping[str, Any]]] = {}
    for child in items[0].get("children", ()):
        below[child["field"]] = [item["data_fields"] for item in child["items"]]
    person = next(iter(below.get("PI", ())), {})
    told = {**fields, **{f"PI/{name}": value for name, value in person.items()}}
    texts = {key: _text(told.get(path)) for key, path in _PATHS.items()}
    others = [_person(one) for one in below.get("investigators/investigator", ())]
    return ProjectItem(str(fields["ID"]), texts, [name for name in others if name])


def _person(one: Mapping[str, Any]) -> str:
    name = " ".join(t for k in ("title", "firstname", "lastname") if (t := _text(one.get(k))))
    return _read(", ".join(part for part in (name, _text(one.get("institution"))) if part))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _even(text: str) -> str:
    """Without what a server may change of its own accord: line ends, and blanks around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _read(text: str) -> str:
    """As a person reads it: XNAT may keep the signs of markup written out, and then no bare one
    is left. Elsewhere the text is as somebody typed it."""
    text = _even(text)
    is_written_out = not re.search(r"[<>\"]|&", _ESCAPED.sub("", text))
    return _typed(text) if is_written_out else text


def _typed(text: str) -> str:
    """Without what markup needs; once, since what is written out may have been typed so."""
    return _ESCAPED.sub(lambda found: html.unescape(found[0]), text)


def stored(changes: Texts) -> Mapping[str, str]:
    """The text for each field that is set from here, as the node is to keep it."""
    return {
        key: (", " if _BY_KEY[key].kind == "words" else "\n").join(
            even for text in texts if (even := _even(text))
        )
        for key, texts in changes.items()
        if key in _PATHS
    }


def faults(item: ProjectItem, changes: Texts) -> Iterator[str]:
    """What the node would not take, each a sentence; asks nobody."""
    for fault in faults_of(item.fields(may_edit=True), changes):
        yield f"{_name(fault.key)}: {fault.text}."
    for key, text in stored(changes).items():
        if _BY_KEY[key].kind == "words" and any("," in word for word in changes[key]):
            yield f"{_name(key)}: a comma stands between two of them, never in one."
        # A lone half of a pair of UTF-16 is told already, and has no bytes.
        is_text = not _HALF.search(text)
        if is_text and len(address("", "", query({key: text}))) > _LONGEST_QUERY_BYTES:
            yield (
                f"{_name(key)}: it is too long for one request to XNAT; a letter outside the"
                " English alphabet takes up to twelve bytes there."
            )


def _name(key: str) -> str:
    return _BY_KEY[key].title if key in _BY_KEY else key


def differing(item: ProjectItem, wanted: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """What has to be set, in the order in which it is: what another project may have comes
    first, so that nothing else is changed when it is refused."""
    for group in _TOGETHER:
        if all(item.keeps(key, wanted[key]) for key in group if key in wanted):
            continue
        merged = {key: wanted.get(key, _read(item.texts[key])) for key in group}
        # A part that is empty and was so needs no word.
        yield {key: text for key, text in merged.items() if text or item.texts[key]}


def query(texts: Mapping[str, str]) -> Mapping[str, str]:
    """The query of the PUT that sets these. Nothing in it may touch the accessibility."""
    paths = {f"{_KIND}/{_PATHS[key]}": text for key, text in texts.items()}
    return {"xsiType": _KIND, "req_format": "qs", **paths}


def titles(keys: Iterable[str]) -> str:
    """The names of fields, for a sentence."""
    return ", ".join(map(_name, keys))
