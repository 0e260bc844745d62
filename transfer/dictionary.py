"""The standard's dictionaries of elements and UIDs, as pydicom has them, without the rest of it.

Importing any part of pydicom imports its decoders, numpy and an HTTP client as well: a fifth of a
second and 40 MB in each process, which reading a header has no use for.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType


@cache
def elements() -> dict[int, tuple[str, str, str, str, str]]:
    """By the tag of each public element but those of repeating groups: VR, multiplicity, name,
    whether it is retired, keyword. Source: PS3.6 section 6."""
    found: dict[int, tuple[str, str, str, str, str]] = _module("_dicom_dict").DicomDictionary
    return found


@cache
def repeating() -> dict[tuple[int, int], tuple[str, str, str, str, str]]:
    """The same for repeating groups, by the bits that count of a tag and what they are."""
    found: dict[str, tuple[str, str, str, str, str]] = _module("_dicom_dict").RepeatersDictionary
    return {
        (int("".join("0" if c == "x" else "F" for c in tag), 16), int(tag.replace("x", "0"), 16)): e
        for tag, e in found.items()
    }


@cache
def uids() -> dict[str, tuple[str, str, str, str, str]]:
    """By UID: name, type, information, whether it is retired, keyword. Source: PS3.6 annex A."""
    found: dict[str, tuple[str, str, str, str, str]] = _module("_uid_dict").UID_dictionary
    return found


def _module(name: str) -> ModuleType:
    """A module of pydicom that imports nothing, by itself where pydicom is not there yet."""
    whole = f"pydicom.{name}"
    if "pydicom" in sys.modules:
        return import_module(whole)
    package = find_spec("pydicom")
    places = package.submodule_search_locations if package is not None else None
    for finder in sys.meta_path:
        spec = finder.find_spec(whole, places)
        if spec is not None and spec.loader is not None:
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    return import_module(whole)
