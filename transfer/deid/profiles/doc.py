"""The tables of docs/deidentification.md, made from the profiles.

`python -m transfer.deid.profiles.doc docs/deidentification.md` writes them anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from transfer.deid.profiles.actions import MEANING
from transfer.deid.profiles.load import load_profile
from transfer.deid.profiles.table import EMPTIED_CLASS, Group, Profile, does_the_same

_BEGIN: Final = "<!-- begin: {} -->"
_END: Final = "<!-- end: {} -->"
_HEAD: Final = {
    "kinds": "| Kind of value (VR) | At the root | In items | In technical groups | Why |",
    "differences": "| Elements | `eucaim` | `lethe` | Why |",
}


def tables() -> dict[str, str]:
    """The generated tables by name, in Markdown."""
    profile = load_profile("eucaim")
    rows = {"kinds": list(_kinds(profile)), "differences": list(_differences(profile))}
    made = {}
    for name, head in _HEAD.items():
        rule = "|---" * (head.count("|") - 1) + "|"
        made[name] = "\n".join([head, rule, *rows[name]])
    return made


def with_tables(text: str) -> str:
    """The document with its tables as the profiles have them now."""
    for name, table in tables().items():
        begin, end = _BEGIN.format(name), _END.format(name)
        place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        new = f"{begin}\n{table}\n{end}"
        text = place.sub(new.replace("\\", r"\\"), text)
    return text


def _kinds(profile: Profile) -> Iterator[str]:
    by_kind: dict[int, list[str]] = {}
    for vr, kind in profile.kinds.items():
        by_kind.setdefault(id(kind), []).append(vr)
    for vrs in by_kind.values():
        kind = profile.kinds[vrs[0]]
        actions = (MEANING[a] if a != "keep" else "kept" for a in kind[:3])
        yield f"| {' '.join(vrs)} | {' | '.join(actions)} | {kind.reason} |"


def _differences(profile: Profile) -> Iterator[str]:
    base = profile.base
    if base is None:
        return
    for group, lines in profile.own:
        subjects, before = [], []
        for line in lines:
            said = _of_base(base, line)
            if said is None:
                subjects.append(line)
                before.append("emptied, where named")
            elif not does_the_same(said, group):
                subjects.append(line)
                before.append(base.words(said))
        if subjects:
            elements = ", ".join(_shown(subject) for subject in subjects)
            was = "; ".join(dict.fromkeys(before))
            yield f"| {elements} | {_words(profile, group)} | {was} | {group.reason} |"


def _words(profile: Profile, group: Group) -> str:
    words = profile.words(group)
    if group.codes:
        words += f": {', '.join(code for code, _ in group.codes)}"
    return words + (", also where it is absent" if group.is_inserted else "")


def _of_base(base: Profile, line: str) -> Group | None:
    """What the profile underneath does with the subject of a line."""
    if re.match(r"[0-9A-F]{4},[0-9A-F]{4} ", line):
        return base.ruling(int(line[:4] + line[5:9], 16))
    if line.startswith(EMPTIED_CLASS):
        return None
    if ",xx" in line:
        return base.classes["private"]
    return base.classes.get(line, base.unlisted)


def _shown(subject: str) -> str:
    found = re.match(r"([0-9A-F]{4},(?:[0-9A-F]{4}|xx[0-9A-F]{2})) (.*)", subject)
    return f"({found[1]}) {found[2]}" if found else subject


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(with_tables(document.read_text(encoding="utf-8")), encoding="utf-8")
