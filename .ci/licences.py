"""The licence list out of a bill of materials: python .ci/licences.py SBOM >docs/licences.md

Ends with 1, naming the packages, where one has no licence or one that may not be shipped.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

_ALLOWED = frozenset(
    [
        *("0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT"),
        *("MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0", "Zlib"),
    ]
)
# What an older package says of itself in the words of a list of its time.
_SPELLED = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
# They come with the environment, whatever is installed into it.
_OF_THE_ENVIRONMENT = ("pip", "setuptools")
_HEAD = """\
# Licences of what the program stands on

Every package of `requirements.txt`, by what it declares. `.ci/run` makes this list anew from the
bill of materials and fails where it differs, or where a licence is not among those that we ship.

| package | version | licence |
|---|---|---|"""


def _licences(component: dict[str, object]) -> list[str]:
    found = []
    entries = component.get("licenses")
    for entry in entries if isinstance(entries, list) else []:
        of = entry.get("license", {})
        text = entry.get("expression") or of.get("id") or of.get("name") or ""
        found.append(_SPELLED.get(text, text))
    # Some tell it twice: once by the licence, once by the list's word for it.
    return sorted(set(found))


def main(sbom: str) -> int:
    every = json.loads(Path(sbom).read_text("utf-8"))["components"]
    components = [one for one in every if one["name"] not in _OF_THE_ENVIRONMENT]
    refused, lines = [], [_HEAD]
    for one in sorted(components, key=lambda one: str(one["name"]).casefold()):
        licences = _licences(one)
        words = re.split(r"[()\s]+|\bAND\b|\bOR\b", " ".join(licences))
        if not licences or not _ALLOWED.issuperset(filter(None, words)):
            refused.append(f"{one['name']} {one['version']}: {licences or 'none'}")
        lines.append(f"| {one['name']} | {one['version']} | {', '.join(licences)} |")
    print("\n".join(lines))
    print("\n".join(refused), file=sys.stderr, end="\n" if refused else "")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
