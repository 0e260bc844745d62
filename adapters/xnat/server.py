"""Which XNAT it is, and what its version can do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from adapters.xnat.calls import Calls
from transfer.errors import NotSupported

# Tar in DICOM-zip; a zip would have to be written with sizes and CRCs first for older ones.
_READS_TAR = (1, 8, 3)
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Version:
    """A version as the server tells it; `parts` is empty where it does not."""

    text: str
    parts: tuple[int, ...]

    @property
    def reads_tar(self) -> bool:
        """Taken for granted where the version is unknown."""
        return not self.parts or self.parts >= _READS_TAR


def read_version(text: str) -> Version:
    found = _NUMBER.search(text)
    parts = tuple(int(part) for part in found[0].split(".")) if found else ()
    return Version(text if found else "", parts)


async def ask_version(calls: Calls) -> Version:
    """The server's version; unknown where the account may not ask for it."""
    answer = await calls.get("/xapi/siteConfig/buildInfo", {"format": "json"})
    if answer.status in (403, 404):
        return read_version("")
    document = calls.good(answer).json(calls.node)
    text = document.get("version") if isinstance(document, dict) else None
    return read_version(text if isinstance(text, str) else "")


def too_old(version: Version, node: str) -> NotSupported:
    return NotSupported(
        f"The node runs XNAT {version.text}, which cannot read a tar; this program needs 1.8.3.",
        "Ask the node's administrator to update XNAT.",
        node=node,
    )
