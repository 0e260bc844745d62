"""What leaves a resource: its catalog, and its files as one archive."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import quoteattr

from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from adapters.sandbox.xnat.bodies import Spool
from adapters.sandbox.xnat.model import Resource, Scan, StoredFile

_PIECE_BYTES = 1 << 18
ARCHIVES = {
    "zip": "application/zip",
    "tar": "application/x-tar",
    "tar.gz": "application/x-gtar",
}
_NAMESPACES = (
    'xmlns:cat="http://nrg.wustl.edu/catalog" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


def catalog(resource: Resource, scan: Scan | None) -> str:
    """The catalog document; of images each entry carries its SOP Instance UID."""
    is_dicom = any(file.sop_uid for file in resource.files.values())
    tag = "cat:DCMCatalog" if is_dicom else "cat:Catalog"
    name = scan.uid if is_dicom and scan is not None else ""
    uid = f" UID={quoteattr(name)}" if name else ""
    entries = "".join(_entry(file) for file in resource.files.values())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{tag} ID={quoteattr(resource.label)}{uid} '
        f"{_NAMESPACES}>\n<cat:entries>\n{entries}</cat:entries>\n</{tag}>\n"
    )


def _entry(file: StoredFile) -> str:
    values = {
        "ID": file.name,
        "URI": file.name,
        "name": PurePosixPath(file.name).name,
        "format": file.format,
        "content": file.content,
        "digest": file.md5,
        "UID": file.sop_uid,
        "instanceNumber": file.instance_number,
    }
    kind = ' xsi:type="cat:dcmEntry"' if file.sop_uid else ""
    shown = "".join(f" {name}={quoteattr(value)}" for name, value in values.items() if value)
    if not file.tags:
        return f"<cat:entry{kind}{shown}/>\n"
    tags = "".join(f"<cat:tag>{tag.strip()}</cat:tag>" for tag in file.tags.split(","))
    return f"<cat:entry{kind}{shown}><cat:tags>{tags}</cat:tags></cat:entry>\n"


def archive(entries: Sequence[tuple[str, StoredFile]], form: str, spool: Spool) -> Response:
    """The files as one archive, made on disk and removed once it is sent."""
    path = spool.path()
    if form == "zip":
        with zipfile.ZipFile(path, "w") as packed:
            for name, file in entries:
                packed.write(file.path, name)
    else:
        _tar(path, entries, is_packed=form == "tar.gz")
    headers = {"content-disposition": f'attachment; filename="files.{form}"'}
    return content_of(path, ARCHIVES[form], headers, BackgroundTask(path.unlink))


def content_of(
    path: Path,
    media_type: str,
    headers: Mapping[str, str] | None = None,
    background: BackgroundTask | None = None,
) -> Response:
    """A file as an answer. Starlette's own FileResponse leaves the file open where the server
    stops in the middle of it."""
    known = {"content-length": str(path.stat().st_size), **(headers or {})}
    return StreamingResponse(_pieces(path), 200, known, media_type, background)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _tar(path: Path, entries: Sequence[tuple[str, StoredFile]], *, is_packed: bool) -> None:
    with tarfile.open(path, "w:gz" if is_packed else "w") as packed:
        for name, file in entries:
            packed.add(file.path, name)
