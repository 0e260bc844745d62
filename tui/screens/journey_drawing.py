"""How a journey is drawn: a row for each step, and all that is known of the chosen one."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from transfer.journey.standing import JourneyState, Standing
from tui import words
from tui.journeys import facts_told
from tui.text import plain
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.link import address_lines

_STATE_WIDTH = 11
_TITLE_WIDTH = 32


def draw_before(journey: JourneyState, width: int) -> list[Content]:
    """What comes before the first step of this program."""
    first = journey.standings[0].step.number if journey.standings else 1
    if first == 1:
        return []
    steps = f"1-{first - 1}" if first > 2 else "1"
    told = line(("joining EUCAIM, papers and data, comes before; ", "$muted"), ("l", "bold $key"),
                (" records the papers", "$muted"))  # fmt: skip
    return [line(cell(steps, 4, "$muted", align="right"), "  ", told)]


def draw_step(standing: Standing, is_here: bool, width: int) -> list[Content]:
    """One row. `is_here` marks the step that is to be done now."""
    title = min(_TITLE_WIDTH, max(16, width - 40))
    return [
        line(
            cell(str(standing.step.number), 2, "$muted", align="right"),
            "  ",
            cell(plain(standing.step.title), title, "bold" if is_here else ""),
            "  ",
            cell(words.standing_of(standing.word), _STATE_WIDTH),
            "  ",
            cell(_fact(standing), width - title - _STATE_WIDTH - 8),
        )
    ]


def _fact(standing: Standing) -> Content:
    """The one fact that a row has room for."""
    if standing.reminder_short:
        return ink(f"! {standing.reminder_short}", "$warn")
    if standing.waits_for_others and standing.since_utc:
        return ink(f"since {standing.since_utc[:10]}", "$muted")
    return ink(plain(standing.figure or standing.detail), "$muted")


def draw_text(standing: Standing | None, now: datetime, is_wide: bool, width: int) -> list[Content]:
    """All that is known of a step: first how it stands, then what it is."""
    if standing is None:
        return []
    step, found = standing.step, list[Content]()
    if is_wide:
        found += [line((f"{step.number}  {plain(step.title)}", "bold")), Content("")]
    stands: list[Content] = []
    if standing.reminder:
        stands += wrapped(ink(f"! {plain(standing.reminder)}", "bold $warn"), width)
    if standing.detail:
        stands += wrapped(ink(plain(standing.detail)), width)
    if facts := facts_told(standing, now):
        stands += wrapped(ink(plain(facts), "$muted"), width)
    if standing.comes_first and not standing.is_locked:
        stands += wrapped(ink(plain(standing.comes_first), "$warn"), width)
    if stands:
        found += [*stands, Content("")]
    found += wrapped(ink(plain(step.text)), width)
    if standing.command:
        found += [Content(""), ink("The same as a command:", "$muted")]
        found += wrapped(ink(plain(standing.command)), width)
    links = [(step.link, "")] if step.link else []
    if links or step.links:
        found.append(Content(""))
    for address, what in [*links, *step.links]:
        if what:
            found += wrapped(ink(f"{plain(what)}:", "$muted"), width)
        found += address_lines(address, width)
    return found
