"""A site's holdings as JSON, so that they outlive the process in a folder of the caller's."""

from __future__ import annotations

import dataclasses
import itertools
import json
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.sandbox.xnat.model import Project, Session, Subject
from adapters.sandbox.xnat.prearchive import PrearchiveRow

if TYPE_CHECKING:
    from adapters.sandbox.xnat.site import Site


def save(site: Site, file: Path) -> None:
    """Write down what the site holds; sessions and alias tokens are not kept."""
    archive = site.archive
    document = {
        "projects": archive.projects,
        "subjects": archive.subjects,
        "sessions": archive.sessions,
        "deleted": sorted(archive.deleted_projects),
        "rows": site.prearchive.rows,
        "received": site.importer.received,
        "number": archive.number(),
    }
    file.write_text(json.dumps(document, default=_plain), "utf-8")


def load(site: Site, file: Path) -> None:
    """Take up what `save` wrote; nothing when there is no such file."""
    if not file.exists():
        return
    document = json.loads(file.read_text("utf-8"))
    archive = site.archive
    archive.projects = _made(dict[str, Project], document["projects"])
    archive.subjects = _made(dict[str, Subject], document["subjects"])
    archive.sessions = _made(dict[str, Session], document["sessions"])
    archive.deleted_projects = set(document["deleted"])
    archive.count_from(itertools.count(document["number"]))
    site.prearchive.rows = _made(list[PrearchiveRow], document["rows"])
    site.prearchive.resume()
    site.importer.received = document["received"]


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    assert dataclasses.is_dataclass(value), "nothing else is in the model"
    names = [field.name for field in dataclasses.fields(value)]
    return {name: getattr(value, name) for name in names}


def _made(kind: Any, value: Any) -> Any:
    """The value of this type that the JSON stands for."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        kinds = [k for k in inner if k is not type(None)]
        return None if value is None else _made(kinds[0], value)
    if origin is dict:
        return {key: _made(inner[1], below) for key, below in value.items()}
    if origin is list:
        return [_made(inner[0], below) for below in value]
    if origin is tuple:
        return tuple(_made(k, below) for k, below in zip(inner, value, strict=True))
    if kind is Path:
        return Path(value)
    if dataclasses.is_dataclass(kind):
        hints: Mapping[str, Any] = typing.get_type_hints(kind)
        maker: Any = kind
        return maker(**{name: _made(hints[name], below) for name, below in value.items()})
    return value
