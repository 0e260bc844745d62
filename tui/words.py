"""What the screens say about a transfer: its state, what happens now, what to press next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from transfer.errors import LedgerDamaged, NodeError, RunnerHeld, StepBlocked, TransferError
from transfer.ledger.control import Wish
from tui import figures
from tui.widgets.chrome import Now
from tui.widgets.ink import line

if TYPE_CHECKING:
    from transfer.journey.standing import JourneyState
    from transfer.status import Status

_STATES = {
    "new": ("○", "to do", "$muted"),
    "ready": ("○", "ready", "$key"),
    "running": ("●", "running", "$key"),
    "pausing": ("‖", "pausing", "$warn"),
    "paused": ("‖", "paused", "$warn"),
    "stopping": ("■", "stopping", "$warn"),
    "waiting": ("…", "waiting", "$warn"),
    "interrupted": ("!", "stopped", "$warn"),
    "blocked": ("✗", "blocked", "$bad"),
    "failed": ("✗", "failed", "$bad"),
    "unreadable": ("✗", "unreadable", "$bad"),
    "done": ("✓", "done", "$good"),
    "purging": ("■", "purging", "$warn"),
    "purged": ("■", "purged", "$muted"),
}
_STANDINGS = {
    **{word: (glyph, style) for glyph, word, style in _STATES.values()},
    "as is": ("·", "$muted"),
    "by hand": ("·", "$muted"),
    "locked": ("·", "$muted"),
}
_PHASES = {
    "login": "Signing in to the node; nothing is sent yet.",
    "scan": "Reading the source folder; nothing is sent yet.",
    "deidentify": "De-identifying; nothing is sent yet.",
    "plan": "Putting requests together; nothing is sent yet.",
    "send": "Sending.",
    "verify": "Asking the node which instances it holds.",
    "clinical": "Checking and sending the clinical data.",
}


_NOT_ALL_LISTED = 0.99


def state_of(state: str) -> Content:
    """A transfer's state as glyph and word; the colour only repeats it."""
    glyph, word, style = _STATES.get(state, ("·", state, "$muted"))
    return line((f"{glyph} {word}", style))


def state_told(state: str, journey: JourneyState | None) -> Content:
    """The same, but a transfer is not done while steps of its journey are open."""
    if state == "done" and journey is not None and journey.to_do is not None:
        return line(("✓ images sent", "$good"))
    return state_of(state)


def standing_of(word: str) -> Content:
    """How far a step is, as glyph and word."""
    glyph, style = _STANDINGS.get(word, ("·", "$muted"))
    return line((f"{glyph} {word}", style))


def legend() -> list[tuple[str, str, str]]:
    """Each state of a transfer with its glyph, for the help screen."""
    meanings = {
        "new": "made; nothing has been read or sent",
        "ready": "the folder was read; nothing is being sent",
        "running": "a runner is at work",
        "paused": "the runner waits; nothing is lost",
        "waiting": "it needs a person, for example to sign in",
        "interrupted": "the runner ended; it can go on where it was",
        "blocked": "findings forbid the step",
        "failed": "some instances did not arrive",
        "done": "every instance is on the node",
    }
    return [(*_STATES[state][:2], meaning) for state, meaning in meanings.items()]


def phase_of(status: Status) -> str:
    """What the runner is doing, in a sentence."""
    return _PHASES.get(status.progress.phase, "Working.")


def is_all_there(status: Status) -> bool:
    """Every instance chosen to go is listed by the node."""
    counts = status.census.instances
    return counts.ready > 0 and counts.verified == counts.ready


def part_done(status: Status) -> float:
    """How much of the whole went, by bytes. Sent is not arrived: it is all when the node has listed
    every instance."""
    part = figures.share(status.bytes_done, status.census.bytes_total)
    return part if is_all_there(status) else min(part, _NOT_ALL_LISTED)


def stands_in_the_way(status: Status) -> int:
    """How many of the rules have findings for which nothing is sent."""
    return status.in_the_way


def in_the_way_told(status: Status) -> str:
    """That as a sentence."""
    rules = stands_in_the_way(status)
    return f"{figures.count(rules, 'rule')} {'stands' if rules == 1 else 'stand'} in the way."


def verdict(status: Status) -> Content:
    """The one answer an administrator wants: did every SOP Instance arrive?"""
    counts = status.census.instances
    if is_all_there(status):
        text = f"All {counts.ready:,} SOP Instances are on the node, each one listed by it."
        if counts.ready == 1:
            text = "The one SOP Instance is on the node, listed by it."
        return line(("✓ ", "$good"), (text, "bold $good"))
    if counts.failed:
        text = f"{counts.failed:,} of {counts.ready:,} SOP Instances are not on the node."
        return line(("✗ ", "$bad"), (text, "bold $bad"))
    if counts.ready and counts.sent == counts.ready:
        missing = counts.ready - counts.verified
        text = (
            f"All {counts.ready:,} SOP Instances were sent; {missing:,} not yet listed by the node."
        )
        return line(("… ", "$warn"), (text, "bold $warn"))
    if counts.ready:
        left = counts.ready - counts.sent
        return line(
            ("○ ", "$muted"), f"{left:,} of {counts.ready:,} SOP Instances have not been sent."
        )
    return line(("○ ", "$muted"), "Nothing has been read yet.")


def means_for_data(error: TransferError) -> str:
    """What an error means for the data, in a sentence."""
    if isinstance(error, LedgerDamaged):
        return "Source files are untouched. What was sent stays on the node."
    if isinstance(error, RunnerHeld):
        return "Nothing is wrong: the other runner goes on."
    if isinstance(error, StepBlocked):
        return "Nothing was sent."
    if isinstance(error, NodeError) and not error.reached_node:
        return "Nothing was sent by this attempt; nothing is lost."
    return "Nothing is lost; the source files are untouched."


def data_after(status: Status) -> str:
    """What a runner's end means for the data."""
    counts = status.census.instances
    if counts.sent == 0:
        return "Nothing was sent; the source files are untouched."
    return (
        f"Nothing is lost: {counts.sent:,} of {counts.ready:,} were sent, "
        f"{counts.verified:,} are proved to be there."
    )


def home_now(names: int, state: str | None, next_step: str = "") -> Now:
    """The home screen's "what now"; `next_step` is the step to do of the transfer at the cursor."""
    if names == 0:
        return Now("No transfer yet.", "Press [n] to make the first one.")
    if state is None:
        return Now("Looking at the transfers…", "[n] makes a new one.")
    press = {
        "new": "[Enter] opens its journey: the first step is to read the folder.",
        "ready": "[Enter] opens its journey: the images can be sent.",
        "running": "[Enter] shows it live. It goes on when you leave with [ctrl+q].",
        "pausing": "[Enter] shows it; there [r] resumes.",
        "paused": "[Enter] shows it; there [r] resumes.",
        "stopping": "[Enter] shows it.",
        "waiting": "[Enter] opens it and says what it waits for.",
        "interrupted": "[Enter] opens it; there [u] goes on where it stopped.",
        "failed": "[Enter] opens it: what failed, and what to do.",
        "blocked": "[Enter] opens it: what is in the way, and what to do.",
        "unreadable": "[Enter] says what is wrong with its ledger, [r] puts it back.",
        "done": "[Enter] opens its journey: the next steps.",
        "purging": "Finish it by command: eucaim-transfer purge NAME",
        "purged": "[Enter] shows how it went. A withdrawal: eucaim-transfer recall NAME -",
    }
    happening = {
        "new": "Nothing has been read or sent for this transfer.",
        "ready": "The folder was read. Nothing is being sent.",
        "running": "A runner is at work on this transfer.",
        "pausing": "The runner finishes its running requests, then waits.",
        "paused": "The runner waits. Nothing is lost.",
        "stopping": "The runner finishes its running requests, then ends.",
        "waiting": "This transfer waits for a person.",
        "interrupted": "Stopped before everything was sent. Nothing is lost.",
        "failed": "Some instances did not arrive.",
        "blocked": "Findings stand in the way of the upload.",
        "unreadable": "This transfer's ledger cannot be read. The others are not affected.",
        "done": "Every instance of this transfer is on the node.",
        "purging": "The removal of its originals was interrupted, and is only ever finished.",
        "purged": "Its originals are removed, the evidence is kept. Nothing more can be sent.",
    }
    opens = press.get(state, "[Enter] opens it.")
    if next_step and state in ("new", "ready", "done"):
        opens = f"[Enter] opens its journey at {next_step}."
    return Now(happening.get(state, ""), opens)


def upload_now(
    status: Status, survives_logout: bool | None, left: str = "", *, is_agreed: bool = False
) -> Now:
    """The upload screen's "what now"; `left` is how long it takes, where that is known.
    `is_agreed`: somebody agreed to send this very much already."""
    state = status.state
    leave = "You may leave with [ctrl+q]: the transfer goes on."
    if survives_logout is False:
        leave = "Closing this window is fine; logging out ends the runner ([?] says why)."
    if state == "running":
        rest = f" {left[0].upper()}{left[1:]}." if left else ""
        return Now(f"{phase_of(status)}{rest}", leave)
    if state in ("pausing", "paused"):
        happening = (
            "Pausing: running requests are finished first."
            if state == "pausing"
            else "Paused. Nothing is lost, nothing is being sent."
        )
        return Now(happening, "[r] resumes.   You may leave with [ctrl+q]: it stays paused.")
    if state == "stopping":
        return Now(
            "Stopping: running requests are finished first.",
            "Nothing to press. You may leave with [ctrl+q].",
        )
    if state == "waiting":
        return Now("The node wants you to sign in.", "[u] signs in and goes on.")
    if is_all_there(status):
        return Now("The images are done.", "[Esc] goes back to the journey for the next step.")
    counts = status.census.instances
    if counts.failed and state in ("failed", "done", "ready"):
        return Now("Nothing is being sent.", "[f] shows what failed and why.   [u] tries again.")
    if state == "new":
        return Now(
            "Nothing has been read or sent yet.", "[u] reads the folder and sends the images."
        )
    if counts.ready and counts.sent == counts.ready:
        return Now("Nothing is being sent.", "[u] asks the node again which instances it holds.")
    if state == "blocked":
        return Now("Nothing is being sent.", "Mend what stands above, then press [u].")
    if counts.sent:
        return Now("Nothing is being sent.", "[u] goes on where it stopped.")
    what = figures.count(counts.ready, "instance")
    asks = ", as you agreed" if is_agreed else "; it asks first"
    return Now("Nothing is being sent.", f"[u] sends the {what}{asks}.")


def scan_now(status: Status) -> Now:
    """The scan screen's "what now"."""
    counts, files = status.census.instances, status.census.files
    if status.is_running:
        if status.progress.phase == "scan":
            if status.control.wish is Wish.PAUSE:
                return Now("Paused.", "[r] resumes.")
            return Now(
                "Reading headers only; nothing leaves this machine.",
                "You may wait, or leave with [ctrl+q]: reading goes on.",
            )
        return Now("The folder has been read.", "[Enter] shows the upload.")
    if status.runner.epoch == 0:
        return Now(
            "The folder has not been read yet.",
            "[Enter] reads it. Only headers are read; nothing is sent.",
        )
    if files.unread:
        return Now("Reading stopped before the end. Nothing is lost.", "[Enter] goes on reading.")
    if counts.ready == 0:
        return Now(
            "There is no DICOM instance in this folder that can go.",
            "See the reasons above; make a new transfer for another folder.",
        )
    if is_all_there(status):
        return Now("Every instance of this folder is on the node.", "[Enter] shows the upload.")
    if stands_in_the_way(status):
        what = in_the_way_told(status)
        return Now(f"The folder was read. {what}", "[Enter] shows what, and what to do about it.")
    what = figures.count(counts.ready, "instance")
    size = figures.size(status.census.bytes_total)
    return Now(f"{what} can go, {size}. Nothing is being sent.", "[Enter] goes to the upload.")
