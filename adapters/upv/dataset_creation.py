"""The request that creates a dataset, as JSON or as a form (upv-node.md 2.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import httpx

from adapters.upv.dataset_fields import UNSET, wire
from adapters.upv.dataset_index import Index, refused
from adapters.upv.dataset_service import Body

LARGEST_BODY_BYTES: Final = 120 * 1024 * 1024
"""What the service itself takes."""
_SINCE: Final = (3, 23)
_TEXTS: Final = ("name", "description", "version", "provenance", "purpose")
_LISTS: Final = ("type", "collectionMethod")
_NUMBERS: Final = re.compile(r"(\d{1,6})\.(\d{1,6})(?:\.|\Z)")


def knows_forms(version: str) -> bool:
    """Whether a service of this version takes forms and subprojects: both are new in 3.23. One
    that says something else about itself is taken for a new one."""
    found = _NUMBERS.match(version)
    return found is None or (int(found[1]), int(found[2])) >= _SINCE


def order_of(
    texts: Mapping[str, Sequence[str]], project: str, subproject: str, previous_id: str
) -> dict[str, Any]:
    """Everything but the Studies and subjects. `project` is always named: without it the service
    takes any one of the account's; provenance and purpose too, or readers see two question marks.
    """
    order = {name: wire(name, texts) for name in _TEXTS}
    for name in ("version", "provenance", "purpose"):
        order[name] = order[name] or UNSET
    order |= {name: wire(name, texts) for name in _LISTS if texts.get(name)}
    order["project"] = project
    if subproject:
        order["subproject"] = subproject
    if previous_id:
        order["previousId"] = previous_id
    return order


def body_of(
    order: Mapping[str, Any], index: Index, form: Literal["json", "multipart"], node: str
) -> Body:
    """Raises DatasetRefused where it is larger than any node takes."""
    body = _json(order, index) if form == "json" else _form(order, index)
    if len(body.content) > LARGEST_BODY_BYTES:
        raise refused("The index and the clinical file together are over 120 MiB.", node)
    return body


def _json(order: Mapping[str, Any], index: Index) -> Body:
    whole = {**order, "studies": index.studies, "subjects": index.subjects}
    return Body(json.dumps(whole).encode(), "application/json")


def _form(order: Mapping[str, Any], index: Index) -> Body:
    """The clinical file goes as it was given; without one every subject gets an empty eForm."""
    files = {"index": ("index.json", json.dumps(index.studies).encode(), "application/json")}
    if index.clinical is not None:
        content, suffix = index.clinical
        kind = "application/json" if suffix == ".json" else "text/csv"
        files["clinicalData"] = (f"clinical{suffix}", content, kind)
    # Only for its encoder (RFC 7578): the request itself is made elsewhere, and maybe twice.
    made = httpx.Request("POST", "https://node.invalid/", data=dict(order), files=files)
    return Body(made.read(), made.headers["Content-Type"])
