"""The journey's "what now": what the chosen step waits for, and which key does it."""

from __future__ import annotations

from transfer.journey.images import DEIDENTIFY, UPLOAD
from transfer.journey.legal import DATASET
from transfer.journey.recording import states_by_hand
from transfer.journey.standing import AS_IS, JourneyState, Standing
from transfer.status import Status
from transfer.values import StepState
from tui import figures, words
from tui.source import Glance
from tui.text import plain
from tui.widgets.chrome import Now


def journey_now(standing: Standing | None, glance: Glance | None, *, opens: bool) -> Now:
    """What happens now, and what to press. `opens`: the step has a screen of its own."""
    if glance and glance.trouble:
        return Now("This transfer's ledger cannot be read.", "[Esc] goes back to the others.")
    if standing is None or glance is None or glance.status is None or glance.journey is None:
        return Now("Reading the transfer…", "[Esc] goes back.")
    if standing.step.engine == UPLOAD:
        return _images(standing, glance.status)
    if standing.step.engine == DEIDENTIFY:
        return _deidentify(standing, glance.status)
    return _other(standing, glance.journey, opens=opens)


def _other(standing: Standing, journey: JourneyState, *, opens: bool) -> Now:
    happening = standing.next or "Nothing is to be done for this step."
    if standing.ask_again:
        again = standing.ask_again
        happening = f"{again[0].upper()}{again[1:]}. {happening}"
    if standing.is_locked:
        happening = standing.detail
    press = []
    if opens:
        press.append("[Enter] opens it.")
    if standing.is_gated or (standing.step.id == DATASET and standing.is_locked):
        press.append("[l] the legal record.")
    if not standing.is_done and states_by_hand(standing):
        press.append("[r] records how far it is.")
    here = journey.to_do
    if here is not None and here.step.id != standing.step.id:
        press.append(f"[↑ ↓] to step {here.step.number}, which is next.")
    return Now(plain(happening), "   ".join(press or ["[↑ ↓] other steps.   [Esc] all transfers."]))


def _images(standing: Standing, status: Status) -> Now:
    if status.is_running:
        return Now(words.phase_of(status), "[Enter] shows it live.   [↑ ↓] other steps.")
    if words.is_all_there(status):
        return Now(
            f"All {status.census.instances.ready:,} SOP Instances are on the node, each one"
            " listed by it.",
            "[↑ ↓] the next steps.   [Enter] shows the upload once more.",
        )
    if status.state == "blocked" and status.in_the_way:
        return Now(words.in_the_way_told(status), "[c] shows each one, and what to do about it.")
    if status.state == "waiting":
        return Now(plain(standing.detail), "[Enter] opens the upload; there [u] goes on.")
    if status.state in ("blocked", "failed", "interrupted"):
        return words.home_now(1, status.state)
    if not status.census.files.seen:
        return Now("The source folder has not been read yet.", "[Enter] opens this step.")
    left = status.census.instances.ready - status.census.instances.verified
    return Now(
        f"{figures.count(left, 'instance')} still to be sent or verified.",
        "[Enter] opens the upload.   [s] what goes.   [t] timepoints.",
    )


def _deidentify(standing: Standing, status: Status) -> Now:
    look = "[Enter] shows each header before and after.   [↑ ↓] other steps."
    if not status.census.series:
        return Now("Nothing has been read yet; step 8 reads the folder.", "[↑ ↓] other steps.")
    told = {
        StepState.BLOCKED: "Something does not leave; a person has to look at it.",
        StepState.DONE: "What leaves is prepared. Looking at it sends nothing.",
        StepState.RUNNING: "What leaves is being prepared.",
    }
    if standing.state in told:
        return Now(told[standing.state], look)
    if standing.word == AS_IS:
        return Now("Nothing is changed here; you can look at what the headers hold.", look)
    return Now("It happens before the images are sent. You can look at it now.", look)
