"""A profile: which element or class of elements is treated how, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from transfer.deid.profiles.actions import MEANING, Action

EMPTIED_CLASS: Final = "emptied"
OVERLAYS: Final = "60xx,xxxx"
CURVES: Final = "50xx,xxxx"
PRIVATE: Final = "private"
_SHOWN: Final = frozenset((Action.WRITE, Action.APPEND))


@dataclass(frozen=True, slots=True)
class Group:
    """Elements that share an action and the reason for it."""

    action: Action
    reason: str
    text: str = ""
    is_inserted: bool = False
    codes: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> str:
        """What happens, for people."""
        words = MEANING[self.action]
        return f"{words} ({self.text})" if self.text and self.action in _SHOWN else words


class Kind(NamedTuple):
    """What `keep` and `data` come to for the values of some VRs; `in_items` is `keep` in items."""

    keep: Action
    in_items: Action
    data: Action
    reason: str


class PrivateElement(NamedTuple):
    """A private element that a profile knows by its creator."""

    group: int
    creator: str
    number: int  # the last byte of the element number
    name: str
    vr: str


class Ruling(NamedTuple):
    """One line of the listing: what a profile does with an element or a class."""

    subject: str
    action: str
    reason: str


@dataclass(slots=True)
class Profile:
    """A profile, with its base laid under it.

    `elements` are the named ones. `classes` has the keys `group GGGG`, `private`, `60xx,xxxx` and
    `50xx,xxxx`. `base` is the profile underneath as it is on its own.
    """

    name: str
    version: str
    summary: str
    sha256: str
    unlisted: Group
    elements: dict[int, Group] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    classes: dict[str, Group] = field(default_factory=dict)
    private: dict[PrivateElement, Group] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    base: Profile | None = None
    own: tuple[tuple[Group, tuple[str, ...]], ...] = ()

    def ruling(self, tag: int) -> Group:
        """The group whose action holds for an element."""
        named = self.elements.get(tag)
        if named is not None:
            return named
        number = tag >> 16
        if number & 1:
            return self.classes.get(PRIVATE, self.unlisted)
        if number & 0xFF00 == 0x6000:
            return self.classes.get(OVERLAYS, self.unlisted)
        if number & 0xFF00 == 0x5000:
            return self.classes.get(CURVES, self.unlisted)
        return self.classes.get(f"group {number:04X}", self.unlisted)

    def words(self, group: Group) -> str:
        """What happens to the elements of a group, for people."""
        if group.action is Action.KEEP and not self.kinds:
            return "kept as it is"
        text = group.words
        for mark, value in (("{profile}", self.name), ("{version}", self.version)):
            text = text.replace(mark, value)
        return text

    def why(self, tag: int) -> str:
        """What happens to an element, and the reason, in words."""
        group = self.ruling(tag)
        return f"{self.words(group)}: {group.reason}"

    def listing(self) -> Iterator[Ruling]:
        """Everything that the profile says, classes first, then elements in tag order."""
        for subject, group in self.classes.items():
            yield self.told(subject, group)
        yield self.told("anything else", self.unlisted)
        for private, group in self.private.items():
            subject = f"{private.group:04X},xx{private.number:02X} [{private.creator}]"
            yield self.told(f"{subject} {private.name}", group)
        for tag in sorted(self.elements):
            yield self.told(element_name(tag, self.names), self.elements[tag])

    def told(self, subject: str, group: Group) -> Ruling:
        """One line of the listing."""
        return Ruling(subject, self.words(group), group.reason)


class Difference(NamedTuple):
    """An element or class that two profiles treat differently."""

    subject: str
    before: Ruling
    after: Ruling


def element_name(tag: int, names: dict[int, str]) -> str:
    """`GGGG,EEEE Keyword`."""
    return f"{tag >> 16:04X},{tag & 0xFFFF:04X} {names.get(tag, '')}".rstrip()


def diff(before: Profile, after: Profile) -> list[Difference]:
    """What two profiles say differently, element by element, classes first.

    A difference of wording is none: it is the action, with its text, that counts. What `keep`
    comes to for a kind of value belongs to `Profile.kinds` and is not repeated for each element.
    """
    pairs = [
        (
            subject,
            before.classes.get(subject, before.unlisted),
            after.classes.get(subject, after.unlisted),
        )
        for subject in sorted(before.classes.keys() | after.classes.keys())
    ]
    names = before.names | after.names
    pairs += [
        (element_name(tag, names), before.ruling(tag), after.ruling(tag))
        for tag in sorted(before.elements.keys() | after.elements.keys())
    ]
    return [
        Difference(subject, before.told(subject, one), after.told(subject, two))
        for subject, one, two in pairs
        if not does_the_same(one, two)
    ]


def does_the_same(one: Group, two: Group) -> bool:
    """Whether two groups treat an element alike, whatever their reasons."""
    return (one.action, one.text, one.is_inserted, one.codes) == (
        two.action,
        two.text,
        two.is_inserted,
        two.codes,
    )
