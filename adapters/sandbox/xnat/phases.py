"""Which part of a transfer a request to XNAT belongs to, so that a fault can be meant for it."""

from __future__ import annotations

import re
from typing import Final

from starlette.types import Scope

_PHASES: Final = (
    ("xnat-sign-in", "", re.compile(r"/data/(JSESSION|auth|services/(auth|tokens))|/xapi/users/")),
    ("xnat-import", "", re.compile(r"/data/services/import")),
    ("xnat-archive", "", re.compile(r"/data/services/archive")),
    ("xnat-prearchive", "", re.compile(r"/data/prearchive/")),
    ("xnat-files", "", re.compile(r"/data/.*/files(/|$)")),
    (
        "xnat-catalogue",
        "GET",
        re.compile(r"/data/experiments/[^/]+/scans/[^/]+/resources/[^/]+$"),
    ),
    ("xnat-listing", "GET", re.compile(r"/data/|/xapi/")),
    ("xnat-settings", "", re.compile(r"/data/projects/")),
)


def phases_of(scope: Scope) -> tuple[str, ...]:
    """The services of the catalogue whose faults strike this request: all of XNAT, and the first
    phase that fits."""
    for name, method, path in _PHASES:
        if path.match(scope["path"]) and method in ("", scope["method"]):
            return ("xnat", name)
    return ("xnat",)
