"""What frames every screen: where am I (top), what now (above the keys), the keys (bottom)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content
from textual.screen import Screen

from tui.widgets.ink import POINTER, cell, ink, line
from tui.widgets.painted import Painted

_APART = "   "


@dataclass(frozen=True, slots=True)
class Now:
    """What happens now, and what to press next; one sentence each, `[key]` marks a key."""

    happening: str
    press: str = ""
    tone: str = ""


class Crumbs(Painted):
    """Where we are, and the state of the thing at hand."""

    DEFAULT_CSS = """
    Crumbs { dock: top; height: 1; padding: 0 2; background: $panel; }
    """

    def say(self, trail: Sequence[str], state: Content | None = None) -> None:
        def draw(width: int) -> list[Content]:
            right = state or Content("")
            room = max(8, width - right.cell_length - 2)
            parts: list[Content] = []
            for index, name in enumerate(trail):
                if index:
                    parts.append(ink(f" {POINTER} ", "$muted"))
                last = index == len(trail) - 1
                parts.append(ink(name, "bold" if last else "$muted"))
            return [line(cell(line(*parts), room), "  ", right)]

        self.show(draw)


class NowStrip(Painted):
    """The one place for "what now"."""

    DEFAULT_CSS = """
    NowStrip {
        dock: bottom;
        height: 3;
        margin-bottom: 1;
        padding: 0 2;
        border-top: solid $border-blurred;
    }
    """

    def say(self, now: Now) -> None:
        self.show(
            lambda width: [
                line(ink(_that_fit(now.happening, width), now.tone or "bold")),
                line(with_keys(now.press)),
            ]
        )


def _that_fit(text: str, width: int) -> str:
    """The sentences that fit in a line; the first one at least, however long."""
    while cell_len(text) > width and ". " in text.rstrip("."):
        text = text[: text.rstrip(".").rindex(". ") + 1]
    return text


class KeyLine(Painted):
    """The keys that work here, from the bindings that are active."""

    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; padding: 0 2; background: $panel; }
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if not self.is_attached or screen is not self.screen:
            return
        shown: dict[str, tuple[str, str]] = {}
        for _, binding, enabled, _ in screen.active_bindings.values():
            if binding.show and enabled:
                key = self.app.get_key_display(binding)
                shown.setdefault(binding.action, (key, binding.description))
        general = {"back", "app.help", "quit"}
        own = [
            shown[action] for action in sorted(shown, key="pick".__ne__) if action not in general
        ]
        always = [shown[action] for action in shown if action in general]
        self.show(lambda width: [_keys(own, always, width)])


def _keys(own: list[tuple[str, str]], always: list[tuple[str, str]], width: int) -> Content:
    """The keys of the screen, as many as fit before those that are on every screen."""
    last = [_key(entry) for entry in always]
    room = width - sum(part.cell_length + len(_APART) for part in last)
    first: list[Content] = []
    for entry in own:
        part = _key(entry)
        room -= part.cell_length + (len(_APART) if first else 0)
        if room < 0:
            break
        first.append(part)
    return ink(_APART).join([*first, *last])


def _key(entry: tuple[str, str]) -> Content:
    return line((entry[0], "bold $key"), " ", (entry[1], "$muted"))


def with_keys(text: str) -> Content:
    """A sentence in which `[key]` is a key to press."""
    parts: list[Content] = []
    for piece in text.replace("]", "[").split("["):
        parts.append(ink(piece, "bold $key" if len(parts) % 2 else "$muted"))
    return line(*parts)
