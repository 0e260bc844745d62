"""What the node holds of a transfer, in figures: of what was verified there, as it left (CAT-02).

One statement reads all of it, so that every figure is of the same moment. Instances are counted by
an index alone, header documents are looked into once each: about 10 s for 10 million instances.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.method_files import de_identifies
from transfer.quality.attributes import (
    ACQUISITION_DATE,
    BLANK,
    BODY_PART,
    DATES_MODIFIED,
    MANUFACTURER,
    MODALITY,
    PATIENT_AGE,
    PATIENT_ID,
    PATIENT_SEX,
    SOP_CLASS,
    STUDY_DATE,
    Attribute,
)
from transfer.quality.segments import SEGMENTATION_CLASSES
from transfer.volumes.traits import SERIES_UID, STUDY_UID


class _Valued(Protocol):
    @property
    def value(self) -> str: ...


_G = TypeVar("_G", bound=_Valued)


class Facet(StrEnum):
    """By what is counted."""

    MODALITY = "modality"
    BODY_PART = "body_part"
    MANUFACTURER = "manufacturer"
    SEX = "sex"
    AGE = "age"
    YEAR = "year"
    FORMAT = "format"


@dataclass(frozen=True, slots=True)
class Group:
    """All that has one value. An empty value: nothing that says anything left. One of AGE is the
    first of ten years, one of SEX `F`, `M`, `O`. Images are instances, and volumes of NIfTI."""

    value: str
    subjects: int
    studies: int
    series: int
    images: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What was verified. `ages` are whole years, `years` those of the acquisition; None where
    nothing left that tells them. `moved_studies`: their dates were moved before they left.
    `handed_over` volumes lie with a person and are not counted. Sizes in bytes."""

    subjects: int = 0
    studies: int = 0
    series: int = 0
    images: int = 0
    size_bytes: int = 0
    moved_studies: int = 0
    handed_over: int = 0
    ages: tuple[int, int] | None = None
    years: tuple[int, int] | None = None
    groups: Mapping[Facet, Sequence[Group]] = field(default_factory=dict)

    def of(self, facet: Facet) -> Sequence[Group]:
        """Its groups, the one of most subjects first."""
        return self.groups.get(facet, ())


_BY_VALUE: Final = (Facet.AGE, Facet.YEAR)


def in_order(facet: Facet, groups: Sequence[_G]) -> list[_G]:
    """As people read them: ages and years by themselves, all else as it stands."""
    return sorted(groups, key=lambda group: group.value) if facet in _BY_VALUE else list(groups)


TOP_AGE: Final = 90
"""Whoever is older is counted with those of this age."""
_ALL: Final = "all"
_MOVED: Final = "moved"
_AGES: Final = "ages"


def read_figures(ledger: Ledger) -> Figures:
    """Count what was verified. Blocks for as long as it takes to read an index of all instances."""
    # Where the transfer de-identifies, what the source says did not leave.
    leaving = "i.out_traits_id"
    if not de_identifies(read_order(ledger)):
        leaving = "ifnull(i.out_traits_id, i.traits_id)"
    groups: dict[Facet, list[Group]] = {facet: [] for facet in Facet}
    whole: dict[str, Group] = {}
    for what, value, *counts in ledger.rows(_STATEMENT.replace("{leaving}", leaving)):
        group = Group(str(value), *counts)
        if what in (_ALL, _MOVED, _AGES):
            whole[what] = group
        else:
            groups[Facet(what)].append(group)
    total, moved = whole[_ALL], whole[_MOVED]
    for found in groups.values():
        found.sort(key=lambda group: (-group.subjects, group.value))
    years = [int(group.value) for group in groups[Facet.YEAR] if group.value]
    ages = whole[_AGES].value
    lowest, _, highest = ages.partition("-")
    size, volumes, handed_over = ledger.row(_BESIDE) or (0, 0, 0)
    return Figures(
        subjects=total.subjects,
        studies=total.studies,
        series=total.series,
        images=total.images,
        size_bytes=size + volumes,
        moved_studies=moved.studies,
        handed_over=handed_over,
        ages=(int(lowest), int(highest)) if lowest and highest else None,
        years=(min(years), max(years)) if years else None,
        groups=groups,
    )


def _said(document: str, attribute: Attribute) -> str:
    """What a document says of an attribute; what means nothing (section 0) is nothing."""
    text = f"""trim(ifnull(json_extract({document}, '$."{attribute.tag}"'), ''))"""
    nothing = ", ".join(f"'{word}'" for word in sorted(BLANK))
    return f"CASE WHEN lower({text}) IN ({nothing}) THEN '' ELSE {text} END"


def _columns(document: str) -> str:
    """Everything that is counted by, out of one document."""
    segments = ", ".join(f"'{uid.decode()}'" for uid in sorted(SEGMENTATION_CLASSES))
    return f"""
      upper({_said(document, MODALITY)}) AS modality,
      upper({_said(document, BODY_PART)}) AS body_part,
      {_said(document, MANUFACTURER)} AS manufacturer,
      upper({_said(document, PATIENT_SEX)}) AS sex,
      upper({_said(document, PATIENT_AGE)}) AS age,
      {_said(document, ACQUISITION_DATE)} AS acquired,
      {_said(document, STUDY_DATE)} AS day,
      upper({_said(document, DATES_MODIFIED)}) = 'MODIFIED' AS is_moved,
      {_said(document, SOP_CLASS)} IN ({segments}) AS is_segmentation
    """


_YEARS: Final = """
    CASE WHEN age NOT GLOB '[0-9][0-9][0-9][DWMY]' THEN NULL
      ELSE CAST(substr(age, 1, 3) AS INTEGER) / CASE substr(age, 4)
        WHEN 'Y' THEN 1 WHEN 'M' THEN 12 WHEN 'W' THEN 52 ELSE 365 END END
"""
_YEAR: Final = """
    CASE WHEN acquired GLOB '[12][0-9][0-9][0-9]*' THEN substr(acquired, 1, 4)
      WHEN day GLOB '[12][0-9][0-9][0-9]*' THEN substr(day, 1, 4) ELSE '' END
"""
_VOLUME: Final = "iif(ifnull(v.out_traits, '') <> '', v.out_traits, v.traits)"
# Two rows may stand for one patient, or one Study, that the node knows by one name.
_PATIENT: Final = "ifnull((SELECT min(o.id) FROM patient o WHERE o.pseudonym = p.pseudonym), p.id)"
_STUDY: Final = """
    ifnull((SELECT min(o.id) FROM study o WHERE o.out_study_uid = s.out_study_uid),
      (SELECT min(o.id) FROM study o WHERE o.study_uid = s.study_uid))
"""
_COUNTS: Final = "count(DISTINCT patient), count(DISTINCT study), count(DISTINCT series), sum(n)"
_BY: Final = {
    Facet.MODALITY: "modality",
    Facet.BODY_PART: "body_part",
    Facet.MANUFACTURER: "manufacturer",
    Facet.SEX: "CASE WHEN sex IN ('F', 'M', 'O') THEN sex ELSE '' END",
    Facet.AGE: f"ifnull(min(years, {TOP_AGE}) / 10 * 10, '')",
    Facet.YEAR: "year",
    Facet.FORMAT: "format",
}
_STATEMENT: Final = f"""
  WITH held AS MATERIALIZED (
    SELECT i.series_id AS series, {{leaving}} AS traits, count(*) AS n
    FROM instance i WHERE i.state = 'verified'
    GROUP BY i.series_id, i.traits_id, i.out_traits_id
  ),
  said AS MATERIALIZED (
    SELECT t.id, {_columns("t.document")} FROM traits t
    WHERE t.id IN (SELECT h.traits FROM held h)
  ),
  image AS (
    SELECT {_PATIENT} AS patient, {_STUDY} AS study, e.id AS series, h.n AS n, a.*,
      iif(a.is_segmentation, 'DICOM-SEG', 'DICOM') AS format
    FROM held h JOIN series e ON e.id = h.series JOIN study s ON s.id = e.study_id
      JOIN patient p ON p.id = s.patient_id LEFT JOIN said a ON a.id = h.traits
    UNION ALL
    SELECT ifnull({_PATIENT}, 'V' || {_said(_VOLUME, PATIENT_ID)}),
      ifnull({_STUDY}, 'V' || {_said(_VOLUME, STUDY_UID)}),
      ifnull(v.series_id, 'V' || {_said(_VOLUME, SERIES_UID)}), 1, v.id, {_columns(_VOLUME)},
      'NIfTI'
    FROM volume v LEFT JOIN patient p ON p.id = v.patient_id
      LEFT JOIN study s ON s.id = v.study_id
    WHERE v.state = 'verified'
  ),
  line AS MATERIALIZED (
    SELECT patient, study, series, n, ifnull(modality, '') AS modality,
      ifnull(body_part, '') AS body_part, ifnull(manufacturer, '') AS manufacturer,
      sex, {_YEARS} AS years, {_YEAR} AS year, is_moved, format
    FROM image
  )
  SELECT '{_ALL}', '', {_COUNTS.replace("sum(n)", "ifnull(sum(n), 0)")} FROM line
  UNION ALL SELECT '{_MOVED}', '', {_COUNTS} FROM line WHERE is_moved
  UNION ALL SELECT '{_AGES}', ifnull(min(years) || '-' || max(years), ''), 0, 0, 0, 0 FROM line
""" + "".join(  # noqa: S608 - literals of ours
    f" UNION ALL SELECT '{facet}', {of}, {_COUNTS} FROM line GROUP BY 2"  # noqa: S608 - the same
    for facet, of in _BY.items()
)
_BESIDE: Final = """
  SELECT (SELECT ifnull(sum(bytes), 0) FROM tally WHERE state = 'verified'),
    (SELECT ifnull(sum(size_bytes + json_bytes), 0) FROM volume WHERE state = 'verified'),
    (SELECT count(*) FROM volume WHERE handed_over_at_utc IS NOT NULL AND state = 'todo')
"""
