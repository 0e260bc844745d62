"""Files that go with a ticket: what may, under which name, and what is in them to be searched."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.helpdesk.zammad import Attachment
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.telling import Piece
from transfer.prolog import declares_type

_TEXT: Final = {".csv": "text/csv", ".json": "application/json", ".txt": "text/plain"}
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LARGEST_BYTES: Final = 10 * 1024 * 1024
_LARGEST_INSIDE_BYTES: Final = 100 * 1024 * 1024
_MOST: Final = 5


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file to go with a ticket, and its text, to be searched for patient data."""

    attachment: Attachment
    text: str

    @property
    def piece(self) -> Piece:
        return Piece(f"The attachment {self.attachment.name}", self.text)


def enclose(paths: Sequence[Path], case: str) -> Sequence[Enclosed]:
    """Read the files. They go under names of ours: theirs may name a patient.

    Raises:
        UsageError: one cannot be read, is too large, or of a kind that nobody could look through.
    """
    if len(paths) > _MOST:
        raise UsageError(
            f"A ticket takes at most {_MOST} attachments.", "Add the others on the web page."
        )
    return [_read(path, f"{case}-{number}") for number, path in enumerate(paths, 1)]


def _read(path: Path, name: str) -> Enclosed:
    suffix = path.suffix.lower()
    if suffix not in _TEXT and suffix != ".xlsx":
        raise UsageError(
            "An attachment is of a kind that cannot be searched for patient data.",
            "Attach files that end in .csv, .json, .txt or .xlsx.",
        )
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"An attachment cannot be read: {error.strerror}.", "Check the name of the file."
        ) from error
    if len(content) > _LARGEST_BYTES:
        raise UsageError(
            "An attachment is larger than 10 MiB.", "Send it to the helpdesk in another way."
        )
    text = _text_of_workbook(content) if suffix == ".xlsx" else _text_of(content)
    return Enclosed(Attachment(name + suffix, _TEXT.get(suffix, _XLSX), content), text)


def _text_of(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Every byte is a character there, so nothing of it escapes the search.
        return content.decode("latin-1")


def _text_of_workbook(content: bytes) -> str:
    """All texts and properties of a workbook, whichever of its parts they stand in."""
    from xml.etree.ElementTree import ParseError, iterparse

    pieces: list[str] = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            parts = [part for part in book.infolist() if not part.is_dir()]
            if sum(part.file_size for part in parts) > _LARGEST_INSIDE_BYTES:
                raise _unreadable()
            for part in parts:
                pieces.append(part.filename.rsplit("/", 1)[-1])
                if not part.filename.endswith((".xml", ".rels", ".vml")):
                    raise StepBlocked(
                        "The workbook holds pictures or other things that cannot be searched for"
                        " patient data.",
                        "Save it without them, or as .csv.",
                    )
                raw = book.read(part)
                if declares_type(io.BytesIO(raw)):
                    # No workbook has them; what they can do to a parser is why they are refused.
                    raise _unreadable()
                for _, element in iterparse(io.BytesIO(raw)):  # noqa: S314 - no entities in it
                    pieces.extend(filter(None, (element.text, *element.attrib.values())))
    except (zipfile.BadZipFile, ParseError, RuntimeError, NotImplementedError, EOFError) as error:
        raise _unreadable() from error
    return "\n".join(pieces)


def _unreadable() -> UsageError:
    return UsageError(
        "The workbook cannot be read.", "Save it again as .xlsx without a password, or as .csv."
    )
