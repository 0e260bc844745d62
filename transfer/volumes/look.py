"""After the scan: every NIfTI image is looked through and paired with the JSON of its name."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from transfer.deid.model import DataSet
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, record_finding
from transfer.ledger.order import read_order
from transfer.ledger.progress import Progress, write_progress
from transfer.ledger.volume_intake import (
    ImageFile,
    JsonFile,
    Looked,
    file_at,
    forget_gone,
    image_files,
    is_known,
    link_volume,
    members_like,
    record_looked,
)
from transfer.ledger.volumes import volumes
from transfer.members import is_member, split_member
from transfer.opening import Opened, open_in_place, open_source
from transfer.quality.attributes import PATIENT_ID
from transfer.quality.document import read_traits
from transfer.scan.phase import Interrupted
from transfer.volumes.dicom_json import LIMIT_BYTES, JsonProblem, NotDicomJson, read_dicom_json
from transfer.volumes.fate import settle_fates
from transfer.volumes.image import ImageLook, ImageProblem, look_at_image
from transfer.volumes.traits import SERIES_UID, STUDY_UID, text_of, traits_of

_ENDINGS: Final = (b".nii.gz", b".nii", b".hdr.gz", b".hdr", b".gz")
_HALVES: Final = (b".img", b".img.gz")
_CHANGED: Final = Finding(
    "CHANGED-AFTER-SENDING",
    "warn",
    "instance",
    "",
    "A source file changed after its volume was sent; the node holds the earlier one.",
    "Find out which is right. To send this one, ask the node to delete the other first.",
)


def look_at_volumes(ledger: Ledger, should_stop: Callable[[], bool]) -> None:
    """Look at every NIfTI image that is new or changed. Blocking; may be interrupted and repeated.

    Raises:
        Interrupted: `should_stop` said so.
    """
    source = os.fsencode(read_order(ledger).source)

    def pulse() -> None:
        if should_stop():
            raise Interrupted

    forget_gone(ledger)
    done = 0
    for image in image_files(ledger):
        pulse()
        if _name(image.path).lower().endswith(_HALVES):
            continue
        json = _json_of(ledger, image)
        if is_known(ledger, image, json):
            continue
        if not record_looked(ledger, _look(source, image, json, pulse)):
            _warn_of_change(ledger, image)
        done += 1
        write_progress(ledger, Progress(phase="scan", done=done, note="Looking through NIfTI"))
    for volume in volumes(ledger):
        pulse()
        if volume.series is None and volume.traits:
            of = read_traits(volume.traits)
            uids = of[STUDY_UID], of[SERIES_UID]
            with ledger.transaction(durable=False):
                link_volume(ledger, volume.file_row, of[PATIENT_ID], *uids)
    settle_fates(ledger)


def _warn_of_change(ledger: Ledger, image: ImageFile) -> None:
    from dataclasses import replace

    record_finding(ledger, replace(_CHANGED, key=f"F{image.row}"))


def _name(path: bytes) -> bytes:
    """The name of a file, or of a member of an archive with the folders before it."""
    member = split_member(path)[1]
    return path if member is None else member.name


def _json_of(ledger: Ledger, image: ImageFile) -> JsonFile | None:
    """The JSON file with the image's name, in the same folder or archive."""
    name = _name(image.path)
    ending = next((e for e in _ENDINGS if name.lower().endswith(e)), b"")
    for suffix in (b".json", b".JSON"):
        wanted = name[: len(name) - len(ending)] + suffix
        if not is_member(image.path) or image.container is None:
            found = file_at(ledger, wanted)
        else:
            members = members_like(ledger, image.container, b"/" + wanted)
            found = next((m for m in members if _name(m.path) == wanted), None)
        if found is not None:
            return found
    return None


def _look(
    source: bytes, image: ImageFile, json: JsonFile | None, pulse: Callable[[], None]
) -> Looked:
    seen = _look_at_image(os.path.join(source, image.path), image, pulse)
    dataset, problem = _look_at_json(source, json)
    found: DataSet = dataset or {}
    return Looked(
        image=image,
        json=json,
        image_problem=seen.problem or "",
        image_texts=";".join(seen.texts),
        json_problem=problem or "",
        traits="" if dataset is None else traits_of(dataset),
        head_bytes=seen.head_bytes,
        size_bytes=seen.size_bytes,
        md5=seen.md5,
        sha256=seen.sha256,
        patient_id=text_of(found, PATIENT_ID),
        study_uid=text_of(found, STUDY_UID),
        series_uid=text_of(found, SERIES_UID),
    )


def _look_at_image(path: bytes, image: ImageFile, pulse: Callable[[], None]) -> ImageLook:
    try:
        with open_in_place(path) as opened:
            stamp = (image.size_bytes, image.mtime_ns)
            if not opened.is_regular or opened.stamp != stamp:
                return ImageLook(ImageProblem.GONE)
            seen = look_at_image(reader(opened), pulse)
            return seen if opened.stamp_now() == stamp else ImageLook(ImageProblem.GONE)
    except OSError:
        return ImageLook(ImageProblem.GONE)


def reader(opened: Opened) -> Callable[[int], bytes]:
    """Reads an open file from front to back, to its end as it was on opening."""
    at, end = opened.base, opened.base + opened.size_bytes

    def read(count: int) -> bytes:
        nonlocal at
        piece = os.pread(opened.fd, min(count, end - at), at)
        at += len(piece)
        return piece

    return read


def _look_at_json(
    source: bytes, json: JsonFile | None
) -> tuple[DataSet | None, JsonProblem | None]:
    if json is None:
        return None, JsonProblem.ABSENT
    try:
        return read_dicom_json(read_json(source, json.path, json.size_bytes, json.mtime_ns)), None
    except NotDicomJson as refused:
        return None, refused.problem
    except OSError:
        return None, JsonProblem.UNREADABLE


def read_json(source: bytes, path: bytes, size_bytes: int, mtime_ns: int) -> bytes:
    """The bytes of a JSON file that is as it was scanned.

    Raises:
        NotDicomJson: it is too large to be one.
        OSError: it is gone, or another one by now.
    """
    if size_bytes > LIMIT_BYTES:
        raise NotDicomJson(JsonProblem.TOO_LARGE)
    with open_source(os.path.join(source, path)) as opened:
        if not opened.is_regular or opened.stamp != (size_bytes, mtime_ns):
            raise FileNotFoundError
        read = reader(opened)
        pieces = []
        while piece := read(LIMIT_BYTES):
            pieces.append(piece)
        content = b"".join(pieces)
    if len(content) != size_bytes:
        raise FileNotFoundError
    return content
