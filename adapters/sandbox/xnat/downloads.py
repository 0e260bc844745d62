"""What leaves a resource: its catalog, and its files as one archive."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from xml.sax.saxutils import quoteattr

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from adapters.sandbox.xnat.bodies import Spool
from adapters.sandbox.xnat.model import Resource, Scan, StoredFile

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
    return FileResponse(
        path, headers=headers, media_type=ARCHIVES[form], background=BackgroundTask(path.unlink)
    )


def _tar(path: Path, entries: Sequence[tuple[str, StoredFile]], *, is_packed: bool) -> None:
    with tarfile.open(path, "w:gz" if is_packed else "w") as packed:
        for name, file in entries:
            packed.add(file.path, name)
