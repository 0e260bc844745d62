"""How a rehearsal is drawn: what it is and takes, how far it is, and how the last one ended."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from transfer.rehearsing.record import Summary
from tui import figures
from tui.rehearsals import Rehearsing, Standing
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import ink, line
from tui.widgets.labelled import labelled

_LABEL: Final = 11
_MOST_LINES: Final = 500
_WHAT: Final = (
    "A rehearsal takes a copy of this transfer through its whole journey, with your own data and"
    " a stand-in of the node on this machine. Nothing goes to the node and nothing counts for the"
    " transfer; what the real run would stop at stops it, in the same words."
)


def draw_facts(standing: Standing | None, running: Rehearsing | None, width: int) -> list[Content]:
    """What a rehearsal is, what it takes, and the last that came to its end."""
    found = wrapped(ink(_WHAT), width)
    if standing is None:
        return found
    found.append(Content(""))
    if standing.needs is not None:
        style = "$warn" if standing.needs.is_too_much else ""
        found += labelled("Takes", ink(plain(standing.needs.sentence), style), width, _LABEL)
    if running is None or running.is_over:
        found += labelled("Last whole", _last(standing.last), width, _LABEL)
    return found


def _last(last: Summary | None) -> Content:
    if last is None:
        return ink("none yet", "$muted")
    who = f", {figures.count(last.only_patients, 'patient')} only" if last.only_patients else ""
    return ink(plain(f"{figures.moment(last.at_utc)}{who}: {went(last)}."))


def went(summary: Summary) -> str:
    """What left in a rehearsal: `12 instances, 0 NIfTI volumes, 3 clinical items`."""
    counts = summary.counts
    return ", ".join(
        figures.count(counts.get(what, 0), one)
        for what, one in (
            ("instance", "instance"),
            ("volume", "NIfTI volume"),
            ("clinical", "clinical item"),
        )
    )


def draw_progress(running: Rehearsing, width: int) -> list[Content]:
    """Line by line how far one is; the last lines where there are many."""
    found = [Content("")]
    for text in running.lines[-_MOST_LINES:]:
        style = "bold" if text.startswith("Rehearsal: ") else "$muted"
        found += wrapped(ink(plain(text), style), width)
    if not running.is_over:
        found.append(ink(f"For {figures.span(running.seconds)} now.", "$muted"))
    return found


def draw_end(running: Rehearsing, remedy: str, width: int) -> list[Content]:
    """How the one that was begun here ended; above its lines, since that is what is asked."""
    done = running.done
    if done is None:
        return []
    at = figures.moment(running.ended_at_utc)
    if running.was_stopped:
        told = f"Stopped by you, {at}. Its copy is removed."
        return [Content(""), line(("! ", "$warn"), (told, "bold $warn"))]
    if done.summary is not None:
        told = "Rehearsed to the end; nothing has gone anywhere."
        return [Content(""), line(("✓ ", "$good"), (told, "bold $good"))]
    told = f"Stopped at the step: {done.stopped_at}. {at}. Nothing has gone."
    found = [Content(""), *wrapped(ink(plain(f"✗ {told}"), "bold $bad"), width)]
    found += labelled("Why", ink(plain(done.message)), width, _LABEL)
    return found + labelled("Next", ink(plain(remedy)), width, _LABEL)


def rehearsal_now(standing: Standing | None, running: Rehearsing | None) -> Now:
    """What now."""
    if running is not None and not running.is_over:
        if running.stop.is_set():
            return Now("The rehearsal is being stopped.", "What it made is being removed.")
        return Now(
            "The rehearsal runs.",
            "[x] stops it.   [Esc] goes back, and it goes on.   [ctrl+q] ends it.",
        )
    if standing is None:
        return Now("Looking at the transfer…", "[Esc] goes back.")
    if standing.refusal is not None:
        return Now("It cannot be rehearsed now.", "[Esc] goes back to the journey.")
    if standing.needs is not None and standing.needs.is_too_much:
        press = "[n] rehearses some patients; or free some space."
        return Now("This machine is too small to rehearse all of it.", press, "bold $warn")
    done = running.done if running is not None else None
    if running is not None and done is not None and done.code and not running.was_stopped:
        press = "Mend what is told above, then [r] rehearses again.   [n] only some patients."
        return Now("The real run would stop there too.", press)
    if standing.last is not None:
        press = "[Esc] goes back, to the upload.   [r] rehearses again.   [n] some patients."
        return Now("It was rehearsed; the report will be compared with it.", press)
    return Now("Nothing was rehearsed to its end yet.", "[r] rehearses.   [n] only some patients.")
