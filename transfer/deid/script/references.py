"""How functions name elements: `this`, names, numbers, blocks, `A::B` and `root:`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from transfer.deid.script.scene import Level, Scene
from transfer.deid.text.java import split, trim
from transfer.deid.text.names import block_of, tag_of

Text = Callable[[Scene, int], str | None]
"""The text of an element, given the tag of the element in hand; None: absent."""


class Place(NamedTuple):
    """An element: its tag, or (tag 0) a block whose place depends on the data set."""

    tag: int
    block: tuple[int, str, int] | None = None

    def tag_in(self, level: Level) -> int:
        return self.tag or (level.block_tag(*self.block) if self.block else 0)


Names = Mapping[str, Place]
"""The names that a script itself gives to private elements, in lower case."""


def place_of(name: str, names: Names) -> Place:
    tag = tag_of(name)
    if tag:
        return Place(tag)
    return names.get(name.lower()) or Place(0, block_of(name))


def text_reader(name: str, names: Names) -> Text:
    """How the text of the element of that name is read."""
    if name == "this":
        return Scene.text
    name = trim(name)
    if not name:
        return lambda scene, this: None
    from_root = name.startswith("root:")
    if from_root:
        name = trim(name.removeprefix("root:"))
    places = tuple(place_of(part, names) for part in split(name, "::"))
    if len(places) == 1 and places[0].tag and not from_root:
        tag = places[0].tag
        return lambda scene, this: scene.text_at(scene.level, tag)

    def read(scene: Scene, _this: int) -> str | None:
        if not places:
            return None
        level = scene.root() if from_root else scene.level
        for place in places[:-1]:
            element = level.source.get(place.tag_in(level))
            items = element.value if element is not None else None
            if not isinstance(items, list) or not items:
                return None
            level = Level(items[0], items[0], level)
        tag = places[-1].tag_in(level)
        return scene.text_at(level, tag) if tag else None

    return read


def tag_reader(name: str, names: Names) -> Callable[[Scene, int], int]:
    """How the tag of the element of that name is found; it may be 0. No paths, no `root:`."""
    if trim(name) in ("", "this"):
        return lambda scene, this: this
    return named_tag_reader(name, names)


def named_tag_reader(name: str, names: Names) -> Callable[[Scene, int], int]:
    """As `tag_reader`, where `this` is a name like any other, which no element has."""
    place = place_of(name, names)
    if place.tag:
        tag = place.tag
        return lambda scene, this: tag
    return lambda scene, this: place.tag_in(scene.level)
