"""QIDO-RS over what the store holds, with Orthanc's choice of attributes (PS3.18, 10.6)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from adapters.sandbox import answers
from adapters.sandbox.store import CHARACTER_SET, MODALITY, Instance, Series, Store, Study

Level = Literal["studies", "series", "instances"]
LEVELS: Mapping[str, Level] = {level: level for level in get_args(Level)}
Attributes = dict[str, dict[str, Any]]

_STUDY_TAGS = {
    0x00080020: "DA",
    0x00080030: "TM",
    0x00080050: "SH",
    0x00080090: "PN",
    0x00100010: "PN",
    0x00100020: "LO",
    0x00100030: "DA",
    0x00100040: "CS",
    0x00200010: "SH",
}
_SERIES_TAGS = {MODALITY: "CS", 0x0008103E: "LO", 0x00200011: "IS"}
_INSTANCE_TAGS = {
    0x00080016: "UI",
    0x00080018: "UI",
    0x00200013: "IS",
    0x00280008: "IS",
    0x00280010: "US",
    0x00280011: "US",
    0x00280100: "US",
}
_KNOWN = {
    **_STUDY_TAGS,
    **_SERIES_TAGS,
    **_INSTANCE_TAGS,
    0x0020000D: "UI",
    0x0020000E: "UI",
}
_HEX_TAG = re.compile(r"[0-9A-Fa-f]{8}")


class BadQuery(Exception):
    """The query pages by something that is no number."""


@dataclass(frozen=True, slots=True)
class Query:
    """One search. `study` and `series` come from the path, `filters` from the query string."""

    level: Level
    study: str | None
    series: str | None
    filters: Mapping[int, str]
    extra: frozenset[int]
    limit: int | None
    offset: int

    @classmethod
    def parse(
        cls, level: Level, study: str | None, series: str | None, pairs: Sequence[tuple[str, str]]
    ) -> Query:
        """Read the query string, tags by keyword or by number; unknown ones are ignored.

        Raises:
            BadQuery: a limit or offset that is no number.
        """
        filters: dict[int, str] = {}
        extra: set[int] = set()
        numbers = {"limit": 0, "offset": 0}
        for name, value in pairs:
            if name in numbers:
                if not value.isdigit():
                    raise BadQuery(name)
                numbers[name] = int(value)
            elif name == "includefield":
                extra |= {tag for tag in map(_tag, value.split(",")) if tag is not None}
            elif (tag := _tag(name)) is not None:
                filters[tag] = value
        return cls(
            level,
            study,
            series,
            filters,
            frozenset(extra),
            numbers["limit"] or None,
            numbers["offset"],
        )


def search(store: Store, query: Query, root: str, stored_before: float) -> Iterator[Attributes]:
    """What matches, in the order of arrival, before any paging.

    Instances stored after `stored_before` (monotonic clock) are not listed yet.
    """
    for study in store.studies(query.study):
        listed = {
            series.uid: [i for i in series.instances if i.stored_at <= stored_before]
            for series in study.series.values()
        }
        listed = {uid: instances for uid, instances in listed.items() if instances}
        if not listed:
            continue
        if query.level == "studies":
            yield from _if_matching(query, _study(study, listed, root), listed)
            continue
        for series in study.series.values():
            if series.uid not in listed or query.series not in (None, series.uid):
                continue
            if query.level == "series":
                item = _series(study, series, listed[series.uid], root, query)
                yield from _if_matching(query, item, {series.uid: listed[series.uid]})
                continue
            for instance in listed[series.uid]:
                item = _instance(study, instance, root, query)
                yield from _if_matching(query, item, {series.uid: [instance]})


def page(
    query: Query, found: Iterator[Attributes], cap: int | None
) -> tuple[list[Attributes], bool]:
    """The items asked for, and whether `cap` held some of them back."""
    asked = query.limit if cap is None else min(query.limit or cap, cap)
    items: list[Attributes] = []
    for number, item in enumerate(found):
        if number < query.offset:
            continue
        if asked is not None and len(items) == asked:
            return items, cap is not None and asked == cap
        items.append(item)
    return items, False


def _study(study: Study, listed: Mapping[str, list[Instance]], root: str) -> Attributes:
    instances = [i for series in listed.values() for i in series]
    item = _pick(instances[0], _STUDY_TAGS)
    modalities = dict.fromkeys(i.header.text(MODALITY) for i in instances)
    item["00080061"] = answers.element("CS", *filter(None, modalities))
    item["0020000D"] = answers.element("UI", study.uid)
    item["00201206"] = answers.element("IS", len(listed))
    item["00201208"] = answers.element("IS", len(instances))
    return _finish(item, f"{root}/studies/{study.uid}")


def _series(
    study: Study, series: Series, instances: list[Instance], root: str, query: Query
) -> Attributes:
    tags = dict(_SERIES_TAGS)
    if 0x0020000D not in query.filters:
        tags |= _STUDY_TAGS
    item = _pick(instances[0], tags)
    item["0020000D"] = answers.element("UI", study.uid)
    item["0020000E"] = answers.element("UI", series.uid)
    item["00201209"] = answers.element("IS", len(instances))
    return _finish(item, f"{root}/studies/{study.uid}/series/{series.uid}")


def _instance(study: Study, instance: Instance, root: str, query: Query) -> Attributes:
    tags = dict(_INSTANCE_TAGS)
    # Orthanc leaves out what belongs to a study or series that the query string itself names.
    if 0x0020000D not in query.filters:
        tags |= _STUDY_TAGS
    if 0x0020000E not in query.filters:
        tags |= _SERIES_TAGS
    item = _pick(instance, tags)
    item["0020000D"] = answers.element("UI", study.uid)
    item["0020000E"] = answers.element("UI", instance.series_uid)
    series_url = f"{root}/studies/{study.uid}/series/{instance.series_uid}"
    return _finish(item, f"{series_url}/instances/{instance.sop_uid}")


def _finish(item: Attributes, url: str) -> Attributes:
    item["00080005"] = answers.element("CS", "ISO_IR 100")
    item["00081190"] = answers.element("UR", url)
    return item


def _pick(instance: Instance, tags: Mapping[int, str]) -> Attributes:
    """The attributes that the instance has; empty ones too, absent ones not."""
    return {
        f"{tag:08X}": answers.element(vr, *_value(instance, tag, vr))
        for tag, vr in tags.items()
        if tag in instance.header.values
    }


def _value(instance: Instance, tag: int, vr: str) -> list[object]:
    header = instance.header
    if vr == "US":
        number = header.unsigned(tag)
        return [] if number is None else [number]
    text = header.text(tag) if vr in ("UI", "DA", "TM", "CS", "IS") else _decoded(instance, tag)
    if not text:
        return []
    if vr == "IS":
        return [_number(part.strip()) for part in text.split("\\") if part.strip()]
    if vr == "PN":
        groups = zip(("Alphabetic", "Ideographic", "Phonetic"), text.split("="), strict=False)
        return [{group: part for group, part in groups if part}]
    return list(text.split("\\"))


def _number(text: str) -> int | str:
    """An IS as JSON; what is no number stays a string, which PS3.18 F.2.3 allows too."""
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return text


def _decoded(instance: Instance, tag: int) -> str:
    raw = instance.header.values.get(tag, b"")
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii").strip(" \0")
    from pydicom.charset import convert_encodings, decode_bytes

    terms = instance.header.text(CHARACTER_SET).split("\\")
    return decode_bytes(raw, convert_encodings(terms), {0x5C, 0x5E, 0x3D}).strip(" \0")


def _if_matching(
    query: Query, item: Attributes, listed: Mapping[str, list[Instance]]
) -> Iterator[Attributes]:
    for tag, wanted in query.filters.items():
        key = f"{tag:08X}"
        if key not in item and tag in _KNOWN:
            first = next(iter(listed.values()))[0]
            candidate = _pick(first, {tag: _KNOWN[tag]}).get(key, {"vr": _KNOWN[tag]})
        else:
            candidate = item.get(key, {"vr": "LO"})
        if not _matches(candidate, wanted):
            return
    yield item | _extra(query.extra, item, next(iter(listed.values()))[0])


def _extra(tags: frozenset[int], item: Attributes, instance: Instance) -> Attributes:
    """Attributes asked for that are in no index, read from the file."""
    missing = [tag for tag in sorted(tags) if f"{tag:08X}" not in item]
    if not missing:
        return {}
    from pydicom import dcmread

    dataset = dcmread(instance.path, stop_before_pixels=True, specific_tags=[*missing])
    found: Attributes = dataset.to_json_dict()
    return {key: value for key, value in found.items() if int(key, 16) in missing}


def _matches(candidate: Mapping[str, Any], wanted: str) -> bool:
    """Matching by single value, list of UIDs, wildcard or range (PS3.4, C.2.2.2)."""
    values = [
        "=".join(v.values()) if isinstance(v, dict) else str(v) for v in candidate.get("Value", [])
    ]
    if wanted in ("", "*"):
        return True
    if candidate["vr"] == "UI":
        return bool(set(values) & set(re.split(r"[,\\]", wanted)))
    if candidate["vr"] in ("DA", "TM") and "-" in wanted:
        first, _, last = wanted.partition("-")
        return any((not first or first <= v) and (not last or v <= last) for v in values)
    if "*" in wanted or "?" in wanted:
        return any(fnmatch.fnmatchcase(v, wanted.replace("[", "[[]")) for v in values)
    return wanted in values


def _tag(name: str) -> int | None:
    if _HEX_TAG.fullmatch(name):
        return int(name, 16)
    from pydicom.datadict import tag_for_keyword

    return tag_for_keyword(name)
