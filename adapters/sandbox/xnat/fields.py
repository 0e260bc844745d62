"""Field values in query parameters: short names, or paths such as `xnat:subjectData/group`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NO_FIELDS = frozenset(
    {
        "xsiType",
        "req_format",
        "format",
        "content",
        "tags",
        "inbody",
        "XNAT_CSRF",
        "activate",
        "columns",
        "event_reason",
        "event_action",
        "event_type",
        "event_comment",
        "allowDataDeletion",
        "triggerPipelines",
        "pullDataFromHeaders",
        "fixScanTypes",
        "overwrite",
        "removeFiles",
        "quarantine",
    }
)
_DEMOGRAPHICS = frozenset(
    {"gender", "sex", "yob", "dob", "age", "handedness", "race", "ethnicity", "education", "height"}
    | {"weight", "ses", "employment", "gestational_age", "post_menstrual_age", "birth_weight"}
)
_CUSTOM = re.compile(r"fields/field\[name=['\"]?([^\]'\"]+)['\"]?\]/field")
_PATH = re.compile(r"(?:xnat|xdat):\w+/(.+)")


def whole_pair(key: str, value: str) -> tuple[str, str]:
    """A parameter whose name has an unescaped `=` in brackets, cut where it should be."""
    if "[" not in key or "]" in key or "]" not in value:
        return key, value
    inner, _, rest = value.partition("]")
    tail, _, real = rest.partition("=")
    return f"{key}={inner}]{tail}", real


def given(query: Mapping[str, str]) -> dict[str, str]:
    """The fields that a PUT sets, by name; `custom:NAME` and `demographics/NAME` set apart."""
    found: dict[str, str] = {}
    for key, value in query.items():
        if key in _NO_FIELDS or key.endswith("@xsi:type"):
            continue
        path = _PATH.fullmatch(key)
        name = path[1] if path else key
        custom = _CUSTOM.fullmatch(name)
        if custom:
            found[f"custom:{custom[1]}"] = value
            continue
        name = re.sub(r"\[@?xsi:type=[^\]]*\]", "", name)
        name = re.sub(r"/xnat:\w+(?=/|$)", "", name)
        if name in _DEMOGRAPHICS:
            name = f"demographics/{name}"
        found[name] = value
    return found
