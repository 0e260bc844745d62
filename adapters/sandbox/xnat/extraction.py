"""`extract=true`: an uploaded zip, tar or tar.gz becomes the files within it."""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath

from adapters.sandbox.xnat import bodies
from adapters.sandbox.xnat.answers import Refused
from adapters.sandbox.xnat.bodies import Spool
from adapters.sandbox.xnat.javazip import BadZip, JavaZip


def unpack(source: Path, name: str, spool: Spool) -> list[tuple[str, Path]]:
    """Each file of the archive, copied out, with its path below `files/`.

    Raises:
        Refused: 400; it cannot be read.
    """
    kind = bodies.by_name(name)
    try:
        if kind == "application/zip":
            return _zip(source, spool)
        if kind in ("application/x-tar", "application/x-gtar"):
            return _tar(source, spool)
    except (BadZip, tarfile.TarError, EOFError, OSError) as error:
        raise Refused(400, "unable to extract the archive") from error
    raise Refused(400, "only zip, tar and tar.gz can be extracted")


def _zip(source: Path, spool: Spool) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    with source.open("rb") as file:
        for name, content in JavaZip(file).entries():
            path = spool.path()
            with path.open("wb") as target:
                for data in content:
                    target.write(data)
            found.append((_safe(name), path))
    return found


def _tar(source: Path, spool: Spool) -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    with tarfile.open(source, "r|*") as archive:
        for member in archive:
            opened = archive.extractfile(member)
            if not member.isfile() or opened is None:
                continue
            path = spool.path()
            with path.open("wb") as target:
                while data := opened.read(1 << 20):
                    target.write(data)
            found.append((_safe(member.name), path))
    return found


def _safe(name: str) -> str:
    parts = [part for part in PurePosixPath(name).parts if part not in ("/", "..", ".")]
    if not parts:
        raise Refused(400, "an entry without a name")
    return "/".join(parts)
