"""All that the screens about findings ask of the engine. Everything here blocks: in threads."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import (
    Finding,
    RuleGroup,
    group_findings,
    read_findings,
    settled_word,
)
from transfer.ledger.holder import is_held, kept_from_runners
from transfer.ledger.order import read_order
from transfer.workspace import Home, Workspace
from tui.speaking import Hears

if TYPE_CHECKING:
    from transfer.mending import Kind
    from transfer.quality.dimensions import DimensionLine
    from transfer.quality.rule import Rule


@dataclass(frozen=True, slots=True)
class Group:
    """All findings of one rule that weigh and stand alike; `first` is one of them."""

    of: RuleGroup
    title: str
    first: Finding
    can_be_waived: bool = False
    can_be_answered: bool = False
    can_be_excluded: bool = False
    can_be_mended: bool = False

    @property
    def key(self) -> str:
        return f"{self.of.rule} {self.of.severity} {self.of.standing}"

    @property
    def is_open(self) -> bool:
        return self.of.standing == "open"

    @property
    def stands_in_the_way(self) -> bool:
        return self.is_open and self.of.severity in ("block", "ask")


@dataclass(frozen=True, slots=True)
class Overview:
    """Every rule that found something, worst first. `was_read`: the source was looked at."""

    groups: tuple[Group, ...]
    was_read: bool
    is_running: bool


@dataclass(frozen=True, slots=True)
class About:
    """What stands behind a finding. `originals` name things as the hospital does: shown only to
    whoever asks. `said` is what a person said about it, and who."""

    said: str = ""
    originals: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class Findings(Hears):
    """The findings of all transfers of a home. `person` is the name that was given last: whoever
    answers many questions types it once."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home

    def overview(self, name: str) -> Overview:
        """Every rule that found something."""
        workspace = self._workspace(name)
        is_running = is_held(workspace.lock)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            groups = tuple(group_told(ledger, of) for of in group_findings(ledger))
            was_read = bool(ledger.number("SELECT 1 FROM source_file LIMIT 1"))
        return Overview(groups, was_read, is_running)

    def page(self, name: str, group: Group, limit: int, offset: int) -> list[Finding]:
        """A page of the findings of a group."""
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return _page(ledger, group.of, limit, offset)

    def about(self, name: str, finding: Finding) -> About:
        """What stands behind a finding, and what was said about it."""
        from transfer.ledger.originals import counterpart_of, originals_of

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            word = settled_word(ledger, finding.rule, finding.key)
            found = originals_of(ledger, finding.key)
            other = counterpart_of(ledger, finding.key, finding.example)
        said = ""
        if word is not None and finding.standing in ("waived", "answered"):
            reason = f": {word.reason}" if word.reason else ""
            value = f" ({word.value})" if finding.standing == "answered" else ""
            said = f"{finding.standing}{value} by {word.person}, {word.said_at_utc[:10]}{reason}"
        originals = [(_NAMES[key], text) for key, text in found.items() if text]
        if other:
            originals.append((finding.example, other))
        return About(said, tuple(originals))

    # What a person says or does about them. Each judges everything again, and says how many
    # findings it was about.

    def answer(
        self, name: str, rule: str, choice: str, keys: Sequence[str] | None, by: tuple[str, str]
    ) -> int:
        """Answer a question. Raises: RunnerHeld, UsageError."""
        from transfer.quality.answers import answer

        return self._change(name, lambda ledger: len(answer(ledger, rule, choice, keys, *by)))

    def waive(self, name: str, rule: str, keys: Sequence[str] | None, by: tuple[str, str]) -> int:
        """Set findings aside. Raises: RunnerHeld, UsageError."""
        from transfer.quality.answers import waive

        return self._change(name, lambda ledger: len(waive(ledger, rule, keys, *by)))

    def exclude(self, name: str, rule: str, keys: Sequence[str] | None, by: tuple[str, str]) -> int:
        """Leave out what was found. Raises: RunnerHeld, UsageError."""
        from transfer.ledger.findings import keys_in_the_way
        from transfer.ledger.selection import add_rule

        def leave_out(ledger: Ledger) -> int:
            if keys is None:
                n = len(keys_in_the_way(ledger, rule))
                add_rule(ledger, "exclude", "finding", rule, person=by[0], reason=by[1])
                return n
            add_rule(ledger, "exclude", "key", ",".join(keys), person=by[0], reason=by[1])
            return len(keys)

        return self._change(name, leave_out)

    def mend(
        self, name: str, group: Group, value: str, keys: Sequence[str] | None, by: tuple[str, str]
    ) -> int:
        """Have Series mended in what is sent: the one with that key, or all of the group.

        What leaves has to be made anew, by a check, before the findings are gone.
        Raises: RunnerHeld, UsageError.
        """
        from transfer.ledger.mends import add_mend

        workspace = self._workspace(name)
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            found = _open_keys(ledger, group.of) if keys is None else keys
            series = [int(key[1:]) for key in found if key.startswith("E")]
            add_mend(ledger, MENDS[group.of.rule], value, series, *by)
        return len(series)

    def body_parts(self, name: str) -> list[str]:
        """Body parts to choose from: those of other Series of this transfer, then usual ones."""
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            known = [
                str(text)
                for (text,) in ledger.rows(
                    "SELECT DISTINCT body_part FROM series WHERE body_part <> ''"
                    " ORDER BY body_part LIMIT 6"
                )
            ]
        usable = [text for text in known if _CODE.fullmatch(text)]
        return list(dict.fromkeys((*usable, *_BODY_PARTS)))

    def dimensions(self, name: str) -> list[DimensionLine]:
        """What the rules found, by the qualities of the data that they serve."""
        from transfer.quality.dimensions import dimensions

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return dimensions(ledger)

    def export(self, name: str) -> tuple[Path, Path]:
        """Write all findings into the transfer's folder, as CSV and as JSON, by keys alone.

        Raises:
            UsageError: they cannot be written.
        """
        from transfer.quality.export import write_findings

        workspace = self._workspace(name)
        try:
            with Ledger.open(workspace.ledger, read_only=True) as ledger:
                return write_findings(ledger, workspace.folder, name)
        except OSError as error:
            raise UsageError(
                f"The findings cannot be written: {error.strerror}.",
                "Free some space on the disk of the transfer's folder, then try again.",
            ) from None

    def _change(self, name: str, act: Callable[[Ledger], int]) -> int:
        from transfer.ledger.selection import apply_selection
        from transfer.quality.circumstances import circumstances_of
        from transfer.quality.judging import judge
        from tui.nodes import choose_node

        workspace = self._workspace(name)
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            profile = choose_node(self._home, read_order(ledger).node).profile
            n = act(ledger)
            apply_selection(ledger)
            now = circumstances_of(
                ledger, profile.gate, requires_deidentified=profile.deidentified == "required"
            )
            judge(ledger, now)
        return n

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)


_NAMES = {
    "patient_id": "Patient ID",
    "study_uid": "Study",
    "series_uid": "Series",
    "sop_instance_uid": "Instance",
    "file": "File",
}
MENDS: dict[str, Kind] = {
    "IMG-03": "body-part",
    "IMG-06": "acquisition-date",
    "IMG-07": "file-meta-uid",
}
"""What can be put right in what is sent, by the rule that misses it."""
_BODY_PARTS = (
    "CHEST", "LUNG", "BREAST", "PROSTATE", "PELVIS", "ABDOMEN", "LIVER", "COLON", "RECTUM",
    "BRAIN", "HEADNECK", "WHOLEBODY",
)  # fmt: skip
_CODE = re.compile(r"[A-Z0-9 _]{1,16}")
_SELECTABLE = ("P", "S", "E", "I", "F")


def rule_of(rule: str) -> Rule | None:
    """The rule of that ID; None for what the engine finds besides the rules."""
    from transfer.quality.rules import BY_ID

    return BY_ID.get(rule)


def group_told(ledger: Ledger, of: RuleGroup) -> Group:
    """A group with the words of its rule, and what a person can do about it."""
    from transfer.quality.answers import is_waivable

    first = _page(ledger, of, 1, 0)[0]
    rule = rule_of(of.rule)
    is_open = of.standing == "open"
    can_be_excluded = is_open and first.key[:1] in _SELECTABLE and first.key[1:].isdecimal()
    if rule is None:
        return Group(of, first.message, first, can_be_excluded=can_be_excluded)
    return Group(
        of,
        rule.title,
        first,
        can_be_waived=is_open and is_waivable(of.rule),
        can_be_answered=is_open and bool(rule.choices or rule.accepts),
        can_be_mended=is_open and of.rule in MENDS and first.key.startswith("E"),
        can_be_excluded=can_be_excluded,
    )


def _open_keys(ledger: Ledger, of: RuleGroup) -> list[str]:
    """The keys of the open findings of a rule that weigh alike: an empty value is put right
    without one that is merely unusual."""
    return [
        str(key)
        for (key,) in ledger.rows(
            "SELECT key FROM finding WHERE rule = ? AND severity = ? AND standing = 'open'"
            " ORDER BY id",
            of.rule,
            of.severity,
        )
    ]


def _page(ledger: Ledger, of: RuleGroup, limit: int, offset: int) -> list[Finding]:
    return read_findings(
        ledger,
        limit,
        offset=offset,
        rule=of.rule,
        standing=of.standing,  # type: ignore[arg-type]
        severity=of.severity,
    )
