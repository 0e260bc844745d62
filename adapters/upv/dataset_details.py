"""What the dataset-service tells of datasets, read without trust (upv-node.md 2.3, 2.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.upv.clinical_answer import shown
from adapters.upv.dataset_fields import FORM, fields_of, property_of, version_of
from transfer.publication.values import Act, Dataset, HeldStudy, Stage

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_METADATA: Final = frozenset(property_of(field.key) for field in FORM)
_LONGEST_NAME: Final = 256
_LONGEST_REASON: Final = 512
_DOI: Final = "zenodoDoi"
_MOST_LICENCES: Final = 20
FAILED: Final = "error"
FINISHED: Final = "finished"


def is_id(text: object) -> bool:
    """Whether a text can be a dataset's id, and stand in an address as it is. The service gives
    UUIDs, and checks none."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def id_in(created: Any) -> str | None:
    """The id in the answer to a creation: the last part of `apiUrl`, which has neither the host nor
    the ingress's prefix (upv-node.md 2.6)."""
    url = created.get("apiUrl") if isinstance(created, dict) else None
    last = url.rpartition("/")[2] if isinstance(url, str) else None
    return last if is_id(last) else None


def is_creating(details: Mapping[str, Any]) -> bool:
    """Whether its job has not ended well yet; only then is there a status to be asked for."""
    return details.get("draft") is True and details.get("creating") is True


def dataset_of(
    details: Mapping[str, Any],
    *,
    portal: str,
    status: Mapping[str, Any] | None = None,
    licences: Sequence[tuple[str, str]] = (),
) -> Dataset | None:
    """A dataset out of its details; None where they are none. `status` is that of its creation
    while there is one."""
    if not is_id(details.get("id")) or not isinstance(details.get("name"), str):
        return None
    if not _has_stage(details):
        return None
    editable = _texts(details.get("editablePropertiesByTheUser"))
    previous = details.get("previousId")
    reason = details.get("invalidationReason")
    said = status.get("lastMessage") if status is not None else None
    return Dataset(
        id=details["id"],
        name=shown(details["name"], _LONGEST_NAME),
        stage=_stage(details, status),
        version=shown(version_of(details), _LONGEST_NAME),
        created_at_utc=moment(details.get("creationDate")),
        said=shown(_text(said), _LONGEST_REASON),
        # While it is being created the service says that it holds none.
        studies=None if is_creating(details) else _count(details.get("studiesCount")),
        subjects=None if is_creating(details) else _count(details.get("subjectsCount")),
        size_bytes=_count(details.get("sizeInBytes")),
        fields=fields_of(details, editable, licences),
        may=acts(details),
        pids=_pids(details.get("pids")),
        reason=shown(_text(reason), _LONGEST_REASON),
        link=f"{portal}/datasets/{details['id']}/details",
        previous_id=previous if isinstance(previous, str) and is_id(previous) else "",
    )


def listed_dataset(item: Mapping[str, Any], *, portal: str) -> Dataset | None:
    """A dataset as a list names it: without its fields, and without what the account may do."""
    if not is_id(item.get("id")) or not isinstance(item.get("name"), str):
        return None
    if not _has_stage(item):
        return None
    return Dataset(
        id=item["id"],
        name=shown(item["name"], _LONGEST_NAME),
        stage=_stage(item, None),
        version=shown(version_of(item), _LONGEST_NAME),
        created_at_utc=moment(item.get("creationDate")),
        studies=_count(item.get("studiesCount")),
        subjects=_count(item.get("subjectsCount")),
        link=f"{portal}/datasets/{item['id']}/details",
    )


def acts(details: Mapping[str, Any]) -> frozenset[Act]:
    """What this account may do now, by the service's own two lists alone."""
    editable = _texts(details.get("editablePropertiesByTheUser"))
    allowed = _texts(details.get("allowedActionsForTheUser"))
    given = set()
    if _METADATA & editable:
        given.add(Act.EDIT)
    if "draft" in editable:
        given.add(Act.SHOW)
    if "invalidated" in editable:
        given.add(Act.INVALIDATE)
    if "delete" in allowed:
        given.add(Act.DELETE)
    return frozenset(given)


def study_of(item: Any) -> HeldStudy | None:
    """A Study as a dataset lists it."""
    if not isinstance(item, dict) or not isinstance(item.get("subjectName"), str):
        return None
    series = item.get("series")
    return HeldStudy(
        item["subjectName"],
        shown(_text(item.get("studyName")), _LONGEST_NAME),
        len(series) if isinstance(series, list) else None,
    )


def licences_of(document: Any) -> Sequence[tuple[str, str]]:
    """Titles and addresses of what `GET /licenses` offers."""
    entries = document if isinstance(document, list) else []
    pairs = [
        (shown(entry["title"], 128), shown(entry["url"], 256))
        for entry in entries[:_MOST_LICENCES]
        if isinstance(entry, dict)
        and isinstance(entry.get("title"), str)
        and isinstance(entry.get("url"), str)
    ]
    return pairs


def moment(text: object) -> str:
    """A date of the service (`2026-11-22 17:26:14.820266+00:00`, which is not RFC 3339) as this
    house writes them; empty where it is none."""
    if not isinstance(text, str):
        return ""
    try:
        at = datetime.fromisoformat(text)
        # Without an offset it would be read in this machine's own zone.
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def portal_of(service_url: str) -> str:
    """The root of the pages for people: beside the API."""
    return service_url.removesuffix("/api")


def _has_stage(details: Mapping[str, Any]) -> bool:
    """Whether it says how far the dataset is; else a draft would pass for one that is released."""
    told = [details.get(key) for key in ("draft", "public", "invalidated")]
    is_creating = details.get("creating")
    return all(isinstance(word, bool) for word in told) and isinstance(is_creating, bool | None)


def _stage(details: Mapping[str, Any], status: Mapping[str, Any] | None) -> Stage:
    if details.get("invalidated") is True:
        return Stage.INVALIDATED
    if details.get("draft") is True:
        if details.get("creating") is not True:
            return Stage.DRAFT
        is_failed = status is not None and status.get("status") == FAILED
        return Stage.FAILED if is_failed else Stage.CREATING
    return Stage.PUBLISHED if details.get("public") is True else Stage.RELEASED


def _pids(document: Any) -> Mapping[str, str]:
    urls = document.get("urls") if isinstance(document, dict) else None
    if not isinstance(urls, dict):
        return {}
    names = {_DOI: "doi", "custom": "custom"}
    return {
        names[key]: shown(url, _LONGEST_NAME)
        for key, url in urls.items()
        if key in names and isinstance(url, str) and _is_address(url)
    }


def _is_address(text: str) -> bool:
    try:
        return urlsplit(text).scheme in ("https", "http")
    except ValueError:
        return False


def _texts(value: Any) -> frozenset[str]:
    entries = value if isinstance(value, list) else []
    return frozenset(entry for entry in entries if isinstance(entry, str))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_count else None  # type: ignore[return-value]
