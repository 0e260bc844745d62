"""The part of the page that sets the real run beside its rehearsal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

_THINGS: Final = {
    "instance": "Instances",
    "volume": "NIfTI volumes",
    "clinical": "Clinical items",
}
_Table = Callable[[Sequence[str], Iterable[Sequence[object]]], str]


def told_rehearsal(
    found: Mapping[str, Any] | None, said: Callable[[str], str], table: _Table
) -> Iterator[str]:
    """The part, piece by piece; nothing where there was no rehearsal."""
    if found is None:
        return
    if "fault" in found:
        yield "<h2>Compared with its rehearsal</h2>\n"
        yield said(found["fault"])
        return
    yield f"<h2>Compared with the rehearsal of {found['at_utc'][:10]}</h2>\n"
    yield said(_sentence(found))
    if found["changed_since"]:
        yield said(f"Changed after the rehearsal: {', '.join(found['changed_since'])}.")
    if found["only_patients"]:
        yield said(f"Only {found['only_patients']} of the patients took part in it.")
    if not found["is_same_version"]:
        yield said(f"It was made by another version of the program: {found['version']}.")
    yield table(
        ("What went", "Same bytes", "Other bytes", "Only here", "Only rehearsed"),
        [
            (
                title, found[what]["same_bytes"], found[what]["other_bytes"],
                found[what]["only_here"], found[what]["only_rehearsed"],
            )
            for what, title in _THINGS.items()
        ],
    )  # fmt: skip
    yield table(
        ("Kind", "Rehearsed", "Here"),
        [
            (kind["kind"], kind["rehearsed"], kind["here"])
            for what in _THINGS
            for kind in found[what]["kinds"]
        ],
    )
    if any(line["rehearsed"] or line["here"] for line in found["deidentification"]):
        yield table(
            ("De-identification", "Rehearsed", "Here", "Same"),
            [
                (line["what"], line["rehearsed"], line["here"], "yes" if line["is_same"] else "no")
                for line in found["deidentification"]
            ],
        )
    examples = [key for what in _THINGS for key in found[what]["examples"]]
    if examples:
        yield said(f"Not the same, for example: {', '.join(examples)}.")


def _sentence(found: Mapping[str, Any]) -> str:
    if found["is_same"]:
        return (
            "The same things went as in the rehearsal, byte for byte, by the same decisions and"
            " the same method."
        )
    return "Not everything is as it was rehearsed; the figures below say what is not."
