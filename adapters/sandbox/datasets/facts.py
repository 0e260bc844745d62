"""The facts of a dataset that the creation job collects from images and eForms (upv-node.md 4.1).

Counts are of studies. Of what both tell, the eForm is asked first: a guess.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.sandbox.datasets.lake import AGE, BODY_PART, MANUFACTURER, SEX
from adapters.sandbox.datasets.model import Json
from adapters.sandbox.part10 import Header
from adapters.sandbox.store import MODALITY

UNKNOWN: Final = "Unknown"
_GENDERS: Final = {"MALE": "Male", "FEMALE": "Female"}
_SEXES: Final = {"M": "Male", "F": "Female", "O": "Undifferentiated"}
_UNITS: Final = {"Y": ("years", 365), "M": ("months", 30), "W": ("weeks", 7), "D": ("days", 1)}
_MAKERS: Final = {
    "siemens": "Siemens",
    "philips": "Philips",
    "ge ": "GE",
    "toshiba": "Toshiba",
    "canon": "Canon",
    "hologic": "Hologic",
}
_DICOM_AGE: Final = re.compile(r"(\d{3})([YMWD])")
_ISO_YEAR: Final = re.compile(r"(\d{4})-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Source:
    """What one study offers: the headers of its series, its subject's eForm."""

    headers: Sequence[Header]
    eform: Any

    def field(self, page: str, *names: str) -> Any:
        """The first of these fields that the eForm has on the page; None when there is none."""
        pages = self.eform.get("pages") if isinstance(self.eform, dict) else None
        for each in pages if isinstance(pages, list) else ():
            if isinstance(each, dict) and each.get("page_name") == page:
                data = each.get("page_data")
                fields = data if isinstance(data, dict) else {}
                for name in names:
                    if isinstance(fields.get(name), dict):
                        return fields[name].get("value")
        return None

    def texts(self, tag: int) -> list[str]:
        return sorted({header.text(tag) for header in self.headers})


def collect(sources: Sequence[Source], tags: Iterable[str], size_bytes: int) -> Json:
    """The facts under the names that the details give them."""
    ages = [age for source in sources if (age := _age(source)) is not None]
    years = [year for source in sources if (year := _year(source)) is not None]
    by_days = sorted(ages, key=lambda age: age[0] * age[2])
    low, high = (by_days[0], by_days[-1]) if by_days else (None, None)
    return {
        "ageLow": low and low[0],
        "ageHigh": high and high[0],
        "ageUnit": [low[1], high[1]] if low and high else [],
        "ageNullCount": len(sources) - len(ages),
        **_counted("sex", ([_sex(source)] for source in sources)),
        **_counted("diagnosis", ([UNKNOWN] for _ in sources)),
        "diagnosisYearLow": min(years, default=None),
        "diagnosisYearHigh": max(years, default=None),
        "diagnosisYearNullCount": len(sources) - len(years),
        **_counted("bodyPart", (source.texts(BODY_PART) for source in sources)),
        **_counted("modality", (source.texts(MODALITY) for source in sources)),
        **_counted("manufacturer", (_makers(source) for source in sources)),
        "seriesTags": sorted(set(tags)),
        "sizeInBytes": size_bytes,
    }


def empty() -> Json:
    """The same while nothing was collected: no counts, rather than counts of nothing."""
    facts = collect([], [], 0)
    return {name: [] if isinstance(value, list) else None for name, value in facts.items()}


def _counted(name: str, values: Iterable[Iterable[str]]) -> Mapping[str, Any]:
    counts = Counter(text or UNKNOWN for study in values for text in study)
    known = [text for text in sorted(counts) if text != UNKNOWN]
    ordered = [*known, UNKNOWN] if UNKNOWN in counts else known
    return {name: ordered, f"{name}Count": [counts[text] for text in ordered]}


def _age(source: Source) -> tuple[int, str, int] | None:
    """Number, unit, and the unit's days."""
    told = source.field("inclusion_criteria", "age_at_diagnosis", "age_at_baseline")
    if isinstance(told, int | float):
        return int(told), "years", 365
    for text in source.texts(AGE):
        if found := _DICOM_AGE.fullmatch(text):
            return int(found[1]), *_UNITS[found[2]]
    return None


def _sex(source: Source) -> str:
    told = source.field("patient_data", "gender")
    if isinstance(told, str) and told:
        return _GENDERS.get(told, "Undifferentiated")
    return next((_SEXES[text] for text in source.texts(SEX) if text in _SEXES), UNKNOWN)


def _year(source: Source) -> int | None:
    told = source.field("inclusion_criteria", "baseline_date", "date_baseline_ct")
    found = _ISO_YEAR.match(told) if isinstance(told, str) else None
    return int(found[1]) if found else None


def _makers(source: Source) -> Iterator[str]:
    for name in source.texts(MANUFACTURER):
        known = (maker for word, maker in _MAKERS.items() if word in f"{name} ".lower())
        yield next(known, name)
