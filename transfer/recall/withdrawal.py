"""What the ticket of a withdrawal says: a pseudonym, counts, and names on the node."""

from __future__ import annotations

from typing import Final

from transfer.method_files import de_identifies
from transfer.recall.sent import Sent, StudyOut
from transfer.sentences import count, listed

_MOST_STUDIES: Final = 20
SECRETLY: Final = (
    "named to the node's staff by a way that they name (the files went under their own names, which"
    " do not belong into a ticket)"
)
"""Instead of a subject whose name on the node is the one that it has in the source (HLP-04)."""


def subject_key(sent: Sent) -> str:
    """The row key by which the ticket of a subject is known here; nothing leads from it to anybody
    without the ledger."""
    keys = (
        *sent.who.keys,
        *(f"F{volume.volume.file}" for volume in sent.volumes),
        *(f"R{row.row}" for row in sent.rows),
    )
    return keys[0]


def withdrawal_values(sent: Sent) -> dict[str, str]:
    """The fields of the ticket."""
    has_pseudonyms = de_identifies(sent.order)
    values = {
        "subject": ", ".join(sent.subjects) if has_pseudonyms else SECRETLY,
        "node": sent.order.node,
        "project": sent.order.destination,
        "went": went_told(sent),
        "studies": "",
        "dataset": _dataset(sent),
    }
    if has_pseudonyms:
        values["studies"] = listed([_study(study) for study in sent.studies], _MOST_STUDIES)
    if sent.sharing:
        values["went"] += (
            f"; {count(len(sent.sharing), 'other patient')} went under the same name, so that only"
            " the Studies named here may be removed, not the subject"
        )
    return values


def went_told(sent: Sent) -> str:
    """What went, counted, in one phrase."""
    fates = sent.fates
    parts = []
    if sent.studies:
        parts += [
            count(len(sent.studies), "Study", "Studies"),
            count(sent.series, "Series", "Series"),
            count(sum(fates.values()), "instance"),
        ]
        if fates["unsure"]:
            parts[-1] += f" (of {fates['unsure']:,} it is not known whether they arrived)"
    if sent.volumes:
        parts.append(count(len(sent.volumes), "NIfTI volume"))
    if sent.items:
        parts.append("the subject's clinical data")
    if sent.files:
        parts.append(
            f"lines in {count(len(sent.files), 'clinical file')} of the whole project"
            f" ({listed([file.name for file in sent.files], 5)})"
        )
    return ", ".join(parts) or "nothing"


def _study(study: StudyOut) -> str:
    if study.called.session:
        return f"{study.called.session} ({study.ref.study_uid})"
    return study.ref.study_uid


def _dataset(sent: Sent) -> str:
    if sent.dataset is None:
        return ""
    of = sent.dataset
    pids = [f"{name} {pid}" for name, pid in of.pids.items() if pid]
    version = f"version {of.version}" if of.version else ""
    return ", ".join(filter(None, [of.name, version, of.id, of.stage, *pids]))
