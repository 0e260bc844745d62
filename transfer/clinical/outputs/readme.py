"""What lies beside the outputs for whoever opens their folder; no value of a patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from transfer.clinical.outgoing.dates import DatePolicy
from transfer.clinical.outgoing.table import Outgoing
from transfer.sentences import count

README: Final = "README.txt"

_DATES: Final = {
    DatePolicy.AS_IS: "Dates stand as the source has them.",
    DatePolicy.MONTH: "Dates keep year and month; their day is 01.",
    DatePolicy.DAYS: "Dates do not leave; whole days from day 0 stand in their place.",
}
_WHY: Final = {
    "unlinked": "belong to no patient of the images",
    "kept-back": "are kept back by a person's word",
    "not-going": "are of patients whose images do not go",
    "width": "have not one value for each heading",
}
_TEXT: Final = """\
Clinical outputs of a transfer
==============================

Under the names that the images bear. Nothing here was sent. manifest.json lists the files with
their SHA-256 digests; compare with: sha256sum *

{dataset}_clinical.csv               the clinical table as it leaves (a second one: _clinical_2)
dcm_studies_metadata.csv  studies in Lethe's form: Patient ID, Study Instance UID, episode,
                          timepoint; behind them whole days from day 0 and the age in years
{dataset}_timepoints.csv             timepoints for the ETL; hand it in after the clinical file and
                          the file of DICOM metadata
{dataset}_cdm_draft.xlsx             A DRAFT of the CDM template. Lines 2 and 3 (CDM entity and
                          element), and whatever else is empty, are yours to fill in. Of columns
                          that hold no attribute of EUCAIM only values stand there that more than
                          one patient has; write down the others.
{dataset}_series_descriptions.csv    each Series Description once; write EUCAIM's term beside it.
                          What cannot be mapped keeps its own text.

Not here: the file of DICOM metadata with EUCAIM's 75 attributes. Their list is given out with the
ETL's tools.

Clinical file, DICOM metadata and timepoints go to the ETL team through the helpdesk (ETL ingestion
support). Name no patient in the ticket.
"""


def readme(out: Outgoing, transfer: str, left_out: Sequence[str]) -> str:
    """The text, with what is true of these data."""
    lines = [_TEXT.format(dataset=out.dataset), _DATES[out.policy]]
    if out.baseline:
        lines.append(out.baseline)
    for table in out.tables:
        said = [f"{count(n, 'row')} {_WHY[why]}" for why, n in table.left_out.items()]
        if said:
            lines.append(f"Not in {table.name}: {'; '.join(said)}.")
        if table.columns_left_out:
            lines.append(f"Not in {table.name}: {count(len(table.columns_left_out), 'column')}.")
    lines += [why.replace("NAME", transfer) for why in left_out]
    return "\n".join(lines) + "\n"
