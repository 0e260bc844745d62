"""Texts of config.toml in which the places of a transfer are filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

PLACE: Final = re.compile(r"\{([^{}]*)\}")
"""What is filled in, in a template: `{project}`."""


def places_of(
    destination: str, timepoint: str = "", subject: str = "", file: str = ""
) -> Mapping[str, str]:
    """QP-Insights names a project `PROJECT|SUBPROJECT`, or `PROJECT` when both are the same."""
    project, bar, subproject = destination.partition("|")
    return {
        "project": project,
        "subproject": subproject if bar else project,
        "timepoint": timepoint,
        "subject": subject,
        "file": file,
    }


def filled(templates: Mapping[str, str], places: Mapping[str, str]) -> dict[str, str]:
    """Each template with its places filled in as they are."""
    return {key: _filled(template, places) for key, template in templates.items()}


def filled_address(template: str, places: Mapping[str, str]) -> str:
    """An address with its places filled in, each percent-encoded as one piece of it (RFC 3986)."""
    return _filled(template, {place: quote(value, safe="") for place, value in places.items()})


def _filled(template: str, places: Mapping[str, str]) -> str:
    # In one pass: what is filled in is no template again.
    return PLACE.sub(lambda found: places.get(found[1], found[0]), template)
