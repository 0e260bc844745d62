"""The act behind the gate: a dataset is released, or a project shown to others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from transfer.checkpoint import passed
from transfer.errors import DatasetRefused, StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.publication import (
    Happened,
    bound_dataset,
    keep_texts,
    kept_texts,
    last_happened,
    mark_taken,
)
from transfer.legal.gate import cleared, refuse_unless_cleared, refuse_unless_confirmed
from transfer.publication.beside import sent_beside
from transfer.publication.explaining import explain_failure
from transfer.publication.looking import look_at_node, look_of
from transfer.publication.means import Means
from transfer.publication.metadata import changes_in, faults_of, lacking
from transfer.publication.speech import refuse_patients
from transfer.publication.standing import Fault, Look
from transfer.publication.values import Dataset, Field, Stage, Texts
from transfer.sentences import listed

SHOW_ASKED: Final = "showing asked for"
SHOWN: Final = "shown"


def refuse_at_the_gate(means: Means, visibility: str, confirm: str | None) -> str:
    """Everything that can be refused without asking the node; the gate first. Returns the level of
    visibility, the default where none was named.

    Raises:
        StepBlocked: the legal record is not whole.
        UsageError: the name was not typed, or there is no such level.
    """
    way = means.publisher.way
    refuse_unless_cleared(means.ledger, way.action, is_sandbox_node=means.is_sandbox_node)
    if not way.is_born_elsewhere:
        refuse_beside_uncleared(means)
    refuse_unless_confirmed(means.name, confirm)
    levels = [level.key for level in way.visibilities]
    if not visibility:
        return levels[0] if levels else ""
    if visibility not in levels:
        known = f"Take one of: {', '.join(levels)}." if levels else "Leave --visibility out."
        raise UsageError("This node knows no such level of visibility.", known)
    return visibility


def refuse_beside_uncleared(means: Means) -> None:
    """Where the destination is the dataset, what other transfers of this home sent there is shown
    along with this one's. On a stand-in node nobody's data are shown to anybody.

    Raises:
        StepBlocked: the legal record of one of them is not whole.
    """
    if means.is_sandbox_node:
        return
    for ledger_file in sent_beside(means.workspace, read_order(means.ledger)):
        with Ledger.open(ledger_file, read_only=True) as other:
            name = read_order(other).name
            try:
                refuse_unless_cleared(other, means.publisher.way.action)
            except StepBlocked as locked:
                raise StepBlocked(
                    f"This would also show what transfer {name} sent to the same project."
                    f" {locked.what}",
                    f"Record it for that one too: eucaim-transfer legal {name} --record FILE.toml",
                ) from locked


def refuse_lacking(means: Means) -> None:
    """Raises StepBlocked where the configuration does not say what step 10 needs."""
    lacking_ = means.publisher.way.lacking
    if lacking_:
        raise StepBlocked(
            f"Step 10 cannot be carried out yet: {lacking_[0]}",
            "Complete the configuration of the node, then try again.",
        )


def refuse_faulty(fields: Sequence[Field], texts: Texts) -> None:
    """Raises UsageError with everything that is wrong with these values."""
    faults = faults_of(fields, texts)
    if faults:
        raise UsageError(
            f"The metadata cannot be used; nothing was changed. {told_of(faults)}",
            "Put it right: eucaim-transfer dataset NAME --template prints the form.",
        )


def told_of(faults: Sequence[Fault]) -> str:
    """Faults in one line."""
    return listed([f"{fault.key}: {fault.text}" for fault in faults], 12)


async def edit(means: Means, dataset: Dataset, texts: Texts, person: str) -> Dataset:
    """Write into the dataset what it does not have of these; nothing is asked where it has all.

    Raises:
        UsageError: a value does not fit, or cannot be changed any more.
    """
    refuse_faulty(tuple(dataset.fields), texts)
    changes = changes_in(dataset.fields, texts)
    if changes:
        keys = ", ".join(changes)
        means.happened(Happened("metadata written", dataset.id, keys, person))
        passed("edit-asked")
        dataset = await means.publisher.edit(dataset.id, changes)
        passed("edit-answered")
    with means.ledger.transaction():
        mark_taken(means.ledger, tuple(texts), dataset.id)
    return dataset


async def write_kept(means: Means, dataset: Dataset, person: str) -> Dataset:
    """Write what was entered before there was a dataset; what cannot be changed stays as it is."""
    editable = {field.key for field in dataset.fields if field.is_editable}
    kept = kept_texts(means.ledger, not_in=dataset.id)
    wanted = {key: texts for key, texts in kept.items() if key in editable}
    if not wanted or dataset.stage is not Stage.DRAFT:
        return dataset
    return await edit(means, dataset, wanted, person)


def keep_entered(means: Means, texts: Texts, person: str) -> None:
    """Keep metadata, durably, after a look for what belongs to a patient."""
    refuse_patients(
        means.ledger, {f"metadata, {key}": " \n".join(values) for key, values in texts.items()}
    )
    with means.ledger.transaction():
        keep_texts(means.ledger, texts, person, means.now_utc())


def shown_or_refused(look: Look, visibility: str) -> bool:
    """Whether it is as it should be already.

    Raises:
        StepBlocked, DatasetRefused: there is no dataset that can be shown.
    """
    dataset = look.dataset
    if dataset is None or dataset.stage is Stage.CREATING:
        raise StepBlocked(
            "There is no dataset yet that could be published.",
            "See how far it is: eucaim-transfer dataset NAME",
        )
    if dataset.stage is Stage.FAILED:
        raise DatasetRefused(*explain_failure(dataset.said))
    if dataset.stage is Stage.INVALIDATED:
        raise StepBlocked(
            "The dataset is marked as not to be used; it is not published.",
            "Make a new version of it, or have the mark taken away on the node.",
        )
    return _is_shown(dataset, visibility)


def refuse_as_it_stands(look: Look, dataset: Dataset) -> None:
    """Raises StepBlocked where this dataset must not be shown as it is."""
    if look.is_in_the_way and look.difference is not None:
        raise StepBlocked(
            f"The node counts otherwise than was verified; nothing was published."
            f" {look.difference.sentence}",
            "Find out why (a Series missing in the data lake, a case not exported, or one exported"
            " that is another transfer's), and make it anew; or a person accepts it:"
            " eucaim-transfer dataset NAME --accept-difference --by PERSON --reason TEXT",
        )
    needed = [fault for fault in lacking(dataset.fields) if fault.severity == "block"]
    if needed and dataset.stage is Stage.DRAFT:
        raise StepBlocked(
            f"Metadata are missing; nothing was published. {told_of(needed)}",
            "Fill them in: eucaim-transfer dataset NAME --metadata FILE",
        )


async def show(
    means: Means, visibility: str, confirm: str | None, person: str, texts: Texts | None
) -> Look:
    """Compare, write the metadata, look once more, and show. What is shown already is not shown
    again."""
    look = await look_at_node(means, by_name=True)
    if look.dataset is not None and look.dataset.stage is Stage.DRAFT:
        dataset = await write_kept(means, look.dataset, person)
        if texts:
            dataset = await edit(means, dataset, texts, person)
        if dataset is not look.dataset:
            look = await look_at_node(means)
    elif look.dataset is not None and texts:
        await edit(means, look.dataset, texts, person)
        look = await look_at_node(means)
    if shown_or_refused(look, visibility):
        return look
    final, bound = look.dataset, bound_dataset(means.ledger)
    assert final is not None, "refused above"
    assert bound is not None, "kept by the look"
    refuse_as_it_stands(look, final)
    if not means.publisher.way.is_born_elsewhere:
        refuse_beside_uncleared(means)
    leave = cleared(
        means.ledger,
        means.publisher.way.action,
        confirm=confirm,
        is_sandbox_node=means.is_sandbox_node,
    )
    asked = Happened(SHOW_ASKED, final.id, visibility, person, leave.record_sha256)
    last = last_happened(means.ledger, final.id)
    if last is None or (last.what, last.detail, last.legal_sha256) != (
        asked.what,
        asked.detail,
        asked.legal_sha256,
    ):
        means.happened(asked)
    passed("show-asked")
    shown = await means.publisher.show(final.id, visibility, leave)
    passed("show-answered")
    done = Happened(SHOWN, shown.id, visibility, person, leave.record_sha256)
    means.keep(shown, bound.origin, done)
    passed("show-recorded")
    return look_of(means, shown)


def _is_shown(dataset: Dataset, visibility: str) -> bool:
    if dataset.stage not in (Stage.RELEASED, Stage.PUBLISHED):
        return False
    return not visibility or dataset.visibility == visibility
