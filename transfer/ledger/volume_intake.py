"""What was found in NIfTI images and in their JSON files, into the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import forget_words

_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image that was found, and the JSON file beside it."""

    row: int
    path: bytes = field(repr=False)
    size_bytes: int
    mtime_ns: int
    container: int | None


@dataclass(frozen=True, slots=True)
class JsonFile:
    """The file that should be the DICOM JSON of an image."""

    row: int
    path: bytes = field(repr=False)
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in an image and in its JSON; see the table."""

    image: ImageFile
    json: JsonFile | None
    image_problem: str
    image_texts: str
    json_problem: str
    traits: str = field(repr=False)
    head_bytes: int
    size_bytes: int
    md5: str
    sha256: str
    patient_id: str = field(repr=False)
    study_uid: str = field(repr=False)
    series_uid: str = field(repr=False)


def image_files(ledger: Ledger) -> Iterator[ImageFile]:
    """Every NIfTI file of the source; the halves of pairs too."""
    last = 0
    while page := ledger.rows(
        "SELECT id, path, size_bytes, mtime_ns, container_id FROM source_file"
        " WHERE kind = 'nifti' AND verdict IN ('companion', 'rejected') AND id > ?"
        " ORDER BY id LIMIT ?",
        last,
        _PAGE,
    ):
        last = page[-1][0]
        yield from (ImageFile(*row) for row in page)


def file_at(ledger: Ledger, path: bytes) -> JsonFile | None:
    """The file at a path of the source, unless it is gone."""
    found = ledger.row(
        "SELECT id, path, size_bytes, mtime_ns FROM source_file"
        " WHERE path = ? AND verdict IS NOT 'missing'",
        path,
    )
    return JsonFile(*found) if found else None


def members_like(ledger: Ledger, container: int, ending: bytes) -> Iterator[JsonFile]:
    """Members of an archive whose path ends so."""
    for row in ledger.rows(
        "SELECT id, path, size_bytes, mtime_ns FROM source_file WHERE container_id = ?"
        " AND substr(path, -length(?2)) = ?2 AND verdict IS NOT 'missing' LIMIT 20",
        container,
        ending,
    ):
        yield JsonFile(*row)


def is_known(ledger: Ledger, image: ImageFile, json: JsonFile | None) -> bool:
    """Whether both files are those that were looked at already."""
    return bool(
        ledger.number(
            "SELECT 1 FROM volume WHERE file_id = ? AND file_bytes = ? AND file_mtime_ns = ?"
            " AND json_file_id IS ? AND json_file_bytes IS ? AND json_file_mtime_ns IS ?"
            " AND image_problem <> 'gone'",
            image.row,
            image.size_bytes,
            image.mtime_ns,
            json and json.row,
            json and json.size_bytes,
            json and json.mtime_ns,
        )
    )


def record_looked(ledger: Ledger, found: Looked) -> bool:
    """Record a look. A volume that has gone keeps its record, for the node holds what was sent.

    Returns:
        Whether it was recorded.
    """
    json = found.json
    with ledger.transaction(durable=False):
        ledger.write(
            """
            INSERT INTO volume (file_id, file_bytes, file_mtime_ns, json_file_id, json_file_bytes,
              json_file_mtime_ns, image_problem, image_texts, json_problem, traits, head_bytes,
              size_bytes, md5, sha256)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (file_id) DO UPDATE SET
              file_bytes = excluded.file_bytes, file_mtime_ns = excluded.file_mtime_ns,
              json_file_id = excluded.json_file_id, json_file_bytes = excluded.json_file_bytes,
              json_file_mtime_ns = excluded.json_file_mtime_ns,
              image_problem = excluded.image_problem, image_texts = excluded.image_texts,
              json_problem = excluded.json_problem, traits = excluded.traits,
              head_bytes = excluded.head_bytes, size_bytes = excluded.size_bytes,
              md5 = excluded.md5, sha256 = excluded.sha256, made_by = NULL, out_traits = NULL,
              stop = '', hits = '', state = 'todo', reason = '', handed_over_at_utc = NULL
            WHERE volume.state NOT IN ('sent', 'verified')
            """,
            found.image.row,
            found.image.size_bytes,
            found.image.mtime_ns,
            json and json.row,
            json and json.size_bytes,
            json and json.mtime_ns,
            found.image_problem,
            found.image_texts,
            found.json_problem,
            found.traits,
            found.head_bytes,
            found.size_bytes,
            found.md5,
            found.sha256,
        )
        if not ledger.number("SELECT changes()"):
            return False
        # What a person said was said of the files as they were.
        forget_words(ledger, f"F{found.image.row}")
        ledger.write(
            "UPDATE volume SET patient_id = NULL, study_id = NULL, series_id = NULL"
            " WHERE file_id = ?",
            found.image.row,
        )
        link_volume(ledger, found.image.row, found.patient_id, found.study_uid, found.series_uid)
    return True


def link_volume(
    ledger: Ledger, file_row: int, patient_id: str, study_uid: str, series_uid: str
) -> None:
    """Say whose a volume is and of what, by what its JSON names: of that as much as instances have
    named until now, for their files may come after the volume's. One that names another patient,
    or none, belongs to that of the UIDs which it names. Inside a transaction."""
    ledger.write(
        """
        UPDATE volume SET
          study_id = ifnull((SELECT s.id FROM study s JOIN patient p ON p.id = s.patient_id
            WHERE s.study_uid = ?2 ORDER BY p.original_id = ?1 DESC LIMIT 1), study_id),
          series_id = ifnull((SELECT e.id FROM series e JOIN study s ON s.id = e.study_id
            JOIN patient p ON p.id = s.patient_id WHERE e.series_uid = ?3 AND s.study_uid = ?2
            ORDER BY p.original_id = ?1 DESC LIMIT 1), series_id)
        WHERE file_id = ?4
        """,
        patient_id,
        study_uid,
        series_uid,
        file_row,
    )
    ledger.write(
        """
        UPDATE volume SET patient_id = coalesce(
          (SELECT id FROM patient WHERE original_id = ?1 AND ?1 <> ''),
          (SELECT s.patient_id FROM study s WHERE s.id = study_id), patient_id)
        WHERE file_id = ?2
        """,
        patient_id,
        file_row,
    )


def forget_gone(ledger: Ledger) -> None:
    """Forget volumes whose image is gone, or is no image any more, and that have not gone."""
    with ledger.transaction(durable=False):
        ledger.write(
            "DELETE FROM volume WHERE state NOT IN ('sent', 'verified') AND NOT EXISTS"
            " (SELECT 1 FROM source_file f WHERE f.id = file_id AND f.kind = 'nifti'"
            " AND f.verdict IN ('companion', 'rejected'))"
        )
