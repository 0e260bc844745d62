"""What lies beside the outputs for whoever opens their folder; no value of a patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import TextWrapper
from typing import Final

from transfer.clinical.outgoing.dates import DatePolicy
from transfer.clinical.outgoing.going import WhyRow
from transfer.clinical.outgoing.table import Outgoing
from transfer.sentences import count

README: Final = "README.txt"
# A command that was broken at a hyphen could not be copied.
_PLAIN: Final = TextWrapper(80, break_on_hyphens=False, break_long_words=False)
_INDENTED: Final = TextWrapper(
    80,
    initial_indent="    ",
    subsequent_indent="    ",
    break_on_hyphens=False,
    break_long_words=False,
)

CLINICAL: Final = "The clinical table as it leaves."
STUDIES: Final = (
    "Studies in Lethe's form, which is read by position: Patient ID, Study Instance UID, episode,"
    " timepoint. Behind them whole days from day 0, and the age in years."
)
TIMEPOINTS: Final = (
    "Timepoints for the ETL. Hand it in after the clinical file and the file of DICOM metadata."
)
TEMPLATE: Final = (
    "A DRAFT of the CDM template. Lines 2 and 3 (CDM entity and element), and whatever else is"
    " empty, are yours to fill in. Of columns that hold no attribute of EUCAIM only values stand"
    " there that more than one patient has; add the others."
)
SERIES: Final = (
    "Each Series Description once. Write EUCAIM's term beside it; what cannot be mapped keeps its"
    " own text."
)
_BEGIN: Final = (
    "Everything here is under the names that the images bear. Nothing of it was sent."
    " manifest.json lists the files with their SHA-256 digests; compare with: sha256sum *"
)
_END: Final = (
    "Not here: the file of DICOM metadata with the 75 attributes of EUCAIM's list, which this"
    " program does not have. Ask the ETL team for it.",
    "Clinical file, DICOM metadata and timepoints go to the ETL team through the helpdesk (ETL"
    " ingestion support). Name no patient in the ticket.",
)
_DATES: Final = {
    DatePolicy.AS_IS: "Dates stand as the source has them.",
    DatePolicy.MONTH: "Dates keep year and month; their day is 01.",
    DatePolicy.DAYS: "Dates do not leave; whole days from day 0 stand in their place.",
}
_WHY: Final = {
    WhyRow.UNLINKED: "of no patient of the images",
    WhyRow.KEPT_BACK: "kept back by a person's word",
    WhyRow.NOT_GOING: "of patients whose images do not go",
    WhyRow.WIDTH: "without one value for each heading",
}


def readme(out: Outgoing, files: Mapping[str, str], left_out: Mapping[str, str]) -> str:
    """The text. `files` by name with what each is, `left_out` what is missing with why."""
    return "".join(f"{line}\n" for line in _lines(out, files, left_out))


def _lines(out: Outgoing, files: Mapping[str, str], left_out: Mapping[str, str]) -> Iterator[str]:
    yield from ("Clinical outputs of a transfer", "=" * 30, "", *_PLAIN.wrap(_BEGIN), "")
    for name, what in files.items():
        yield name
        yield from _INDENTED.wrap(what)
    for text in (*_said(out), *left_out.values(), *_END):
        yield from ("", *_PLAIN.wrap(text))


def _said(out: Outgoing) -> Iterator[str]:
    yield f"{_DATES[out.policy]} {out.baseline}".strip()
    for table in out.tables:
        said = [f"{count(n, 'row')} {_WHY[why]}" for why, n in table.left_out.items()]
        if table.columns_left_out:
            said.append(count(len(table.columns_left_out), "column"))
        if said:
            yield f"Not in {table.name}: {'; '.join(said)}."
