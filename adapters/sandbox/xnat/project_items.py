"""A project as an item: its investigators are objects of their own below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape

from adapters.sandbox.xnat.model import Project
from adapters.sandbox.xnat.tables import Item

_PERSON = re.compile(r"(PI|investigators/investigator)(\[\d+\])?/(\w+)")
_SHORT = {"pi_firstname": "PI/firstname", "pi_lastname": "PI/lastname"}
_TRIMMED = ("name", "secondary_ID")


def project_item(project: Project) -> Item:
    """The project with its own texts, and below it the people."""
    own = {"ID": project.id, "active": "1"}
    people: dict[str, dict[str, dict[str, str]]] = {}
    for name, value in project.fields.items():
        person = _PERSON.fullmatch(name)
        if person is None:
            own[name] = value
        elif value:
            people.setdefault(person[1], {}).setdefault(person[2] or "", {})[person[3]] = value
    children = {
        field: [Item("xnat:investigatorData", one) for one in found.values()]
        for field, found in people.items()
    }
    return Item("xnat:projectData", own, children, started=project.started)


def texts_of(given: Mapping[str, str], *, is_escaped: bool) -> dict[str, str]:
    """The fields as they are kept, by their full names."""
    return dict(_texts(given, is_escaped))


def _texts(given: Mapping[str, str], is_escaped: bool) -> Iterator[tuple[str, str]]:
    for name, value in given.items():
        if name == "ID":
            continue
        kept = value.strip() if name in _TRIMMED else value
        yield _SHORT.get(name, name), escape(kept) if is_escaped else kept
