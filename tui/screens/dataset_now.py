"""Step 10's "what now", and what a person is told before others see something."""

from __future__ import annotations

from typing import Final

from transfer.legal.gate import Action
from transfer.publication.standing import Look
from transfer.publication.values import Stage, Visibility
from tui import figures
from tui.datasets import DatasetView
from tui.screens.dataset_confirm import Confirming, Told
from tui.text import plain
from tui.widgets.chrome import Now

_BACK: Final = "[Esc] goes back."


def dataset_now(view: DatasetView, polled: str, *, is_live: bool) -> Now:
    """One sentence, and the key for it. `polled` is when the node was asked."""
    look = view.look
    dataset = look.dataset
    watch = "[w] stops asking" if is_live else "[w] asks by itself"
    if look.way.lacking:
        return Now("Nothing can be done before the configuration is whole.", _BACK)
    if look.creation is not None:
        text = f"Whether it is there is not known. {polled}"
        return Now(text, f"[k] looks for it.   {watch}.", "bold $warn")
    if dataset is None and not look.way.is_born_elsewhere:
        return Now("The node was not asked yet how its project stands.", "[k] asks it.")
    if dataset is None:
        index = "   [c] makes it from an index." if look.way.takes_index else ""
        return Now(
            "The dataset is made in the node's own pages.",
            f"[g] shows what to enter there.   [p] picks it up.{index}",
        )
    if dataset.stage is Stage.CREATING:
        return Now(f"The node is making it. {polled}", f"You may leave.   [k] asks now.   {watch}.")
    if dataset.stage is Stage.FAILED:
        return Now(
            "The node could not make the dataset. Nothing of the images is lost.",
            "[x] removes what is left of it; then make it again.",
            "bold $bad",
        )
    if dataset.stage is Stage.DRAFT:
        return _draft(view)
    if dataset.stage is Stage.RELEASED:
        text = f"Waits for the node's people. {polled}"
        return Now(text, f"You may leave, for days.   [k] asks now.   {watch}.")
    if dataset.stage is Stage.PUBLISHED and not view.is_catalogued:
        return Now(
            "It is published. Next it is described in EUCAIM's catalogue.",
            "[o] opens the catalogue's entry.",
        )
    if dataset.stage is Stage.PUBLISHED:
        return Now("It is published, and stands in EUCAIM's catalogue.", _BACK)
    return Now("It is marked as not to be used any more; it was not deleted.", _BACK)


def _draft(view: DatasetView) -> Now:
    look = view.look
    if look.is_in_the_way:
        return Now(
            "The dataset is not what was verified: find out why first.",
            "[a] accepts the difference, with a reason.   [k] asks the node again.",
            "bold $warn",
        )
    if any(fault.severity == "block" for fault in look.faults):
        return Now("Before others see it, its metadata have to be whole.", "[m] fills them in.")
    if view.legal.gaps:
        return Now("Publishing is locked by the legal record.", "[l] opens it: what is missing.")
    if look.way.action is Action.RELEASE:
        return Now("Nothing stands in its way.", "[P] releases it; it asks first.   [m] metadata.")
    return Now("Nothing stands in its way.", "[P] lets others see it; it asks first.")


def confirming(
    view: DatasetView, visibility: Visibility | None, *, again: bool = False
) -> Confirming:
    """Everything that a person has to know before they type the name."""
    look, node = view.look, plain(view.node)
    is_release = look.way.action is Action.RELEASE
    name = plain(look.dataset.name, 256) if look.dataset else ""
    told = []
    if visibility is not None:
        told.append(Told("Visible to", visibility.title))
        told.append(Told("Gives away", visibility.gives_away, is_loud=visibility.asks_twice))
    else:
        what = f"The draft {name} on {node} is released: its project can see and use it."
        told.append(Told("What happens", what))
        if look.way.waits_for:
            told.append(Told("Then", look.way.waits_for))
    told.append(_taken_back(look, visibility))
    told.append(Told("It holds", _holds(look)))
    if look.accepted is not None:
        told.append(Told("Accepted", f"by {look.accepted.person}: {look.accepted.reason}"))
    told += [Told("Missed", fault.text) for fault in look.faults if fault.severity == "warn"]
    if again and visibility is not None:
        title = f"Once more: make {name} on {node} {visibility.key}?"
    elif visibility is not None:
        title = f"Make {name} on {node} {visibility.key}?"
    else:
        title = f"Release the dataset {name} on {node}?"
    goes_on = visibility is not None and visibility.asks_twice and not again
    takes = "goes on" if goes_on else "releases it" if is_release else "does it"
    return Confirming(title, told, view.transfer, takes)


def _taken_back(look: Look, visibility: Visibility | None) -> Told:
    if visibility is None:
        fixed = [field.title for field in look.way.fields if field.is_fixed_later]
        text = "No. It never becomes a draft again; it can only be marked as not to be used."
        if fixed:
            text += f" Fixed from then on: {', '.join(fixed)}."
        return Told("Taken back", text, is_loud=True)
    if visibility.asks_twice:
        text = "Not from those who have it by then: what was downloaded stays with them."
        return Told("Taken back", text, is_loud=True)
    return Told("Taken back", "Yes: an owner of the project can make it private again.")


def _holds(look: Look) -> str:
    dataset, cohort = look.dataset, look.cohort
    theirs = "a number that the node does not tell"
    if dataset is not None and dataset.studies is not None:
        theirs = figures.count(dataset.studies, "study", "studies")
        if dataset.subjects is not None:
            theirs += f" of {figures.count(dataset.subjects, 'subject')}"
    ours = figures.count(cohort.studies, "study", "studies")
    return f"{theirs}; verified here: {ours} of {figures.count(cohort.patients, 'subject')}."


def invalidating(view: DatasetView, reason: str) -> Confirming:
    """The same before a dataset is marked as not to be used."""
    name = plain(view.look.dataset.name, 256) if view.look.dataset else ""
    told = (
        Told("What happens", f"{name} is marked as not to be used; whoever looks it up sees why."),
        Told("Reason", reason),
        Told("Taken back", "Not from here. It is not deleted, and the images stay.", is_loud=True),
    )
    return Confirming(f"Mark {name} as not to be used?", told, view.transfer, "marks it")


def deleting(view: DatasetView) -> Confirming:
    """The same before what is left of a creation is removed."""
    name = plain(view.look.dataset.name, 256) if view.look.dataset else ""
    told = (
        Told("What happens", f"The dataset {name}, which was never finished, is removed."),
        Told("It leaves", "The images and the clinical data stay on the node."),
        Told("Taken back", "No; but it can be made again.", is_loud=True),
    )
    return Confirming(f"Remove what is left of {name}?", told, view.transfer, "removes it")
