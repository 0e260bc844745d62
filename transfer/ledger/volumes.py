"""NIfTI volumes in the ledger: found, looked at, made fit to leave, sent and seen on the node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import forget_words

HANDOVER: Final = "handover"
"""The folder of a transfer where volumes lie that its node has no public way for."""

_PAGE: Final = 200
_COLUMNS: Final = (
    "v.id, v.file_id, f.path, v.file_bytes, v.file_mtime_ns, j.path, v.json_file_bytes,"
    " v.json_file_mtime_ns, v.patient_id, v.study_id, v.series_id, v.image_problem, v.image_texts,"
    " v.json_problem, v.traits, v.head_bytes, v.size_bytes, v.md5, v.sha256, v.made_by,"
    " v.out_traits, v.json_bytes, v.json_md5, v.json_sha256, v.stop, v.hits, v.ordinal,"
    " v.is_chosen, v.state, v.reason"
)
_FROM: Final = (
    "FROM volume v JOIN source_file f ON f.id = v.file_id"
    " LEFT JOIN source_file j ON j.id = v.json_file_id"
)


@dataclass(frozen=True, slots=True)
class Volume:
    """One NIfTI image and its JSON. Sizes in bytes, times in nanoseconds; digests in hex.

    `patient`, `study` and `series` are rows that the JSON names and that instances of the source
    belong to, where there are such. The other fields are those of the table `volume`.
    """

    row: int
    file_row: int
    path: bytes = field(repr=False)
    file_bytes: int
    mtime_ns: int
    json_path: bytes | None = field(repr=False)
    json_file_bytes: int | None
    json_mtime_ns: int | None
    patient: int | None
    study: int | None
    series: int | None
    image_problem: str
    image_texts: str
    json_problem: str
    traits: str = field(repr=False)
    head_bytes: int
    size_bytes: int
    md5: str
    sha256: str
    made_by: int | None
    out_traits: str | None = field(repr=False)
    json_bytes: int
    json_md5: str
    json_sha256: str
    stop: str
    hits: str
    ordinal: int
    is_chosen: bool
    state: str
    reason: str

    @property
    def key(self) -> str:
        """Its row key, that of its image's file."""
        return f"F{self.file_row}"


@dataclass(frozen=True, slots=True)
class VolumeCounts:
    """Cumulative, as the counts of instances are; `left_out` are those that do not go, by a
    person's choice or for a fault. `handed_over` lie in the hand-over folder."""

    found: int = 0
    left_out: int = 0
    ready: int = 0
    sent: int = 0
    verified: int = 0
    failed: int = 0
    handed_over: int = 0


NO_VOLUMES: Final = VolumeCounts()


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


def volumes(ledger: Ledger, state: str | None = None) -> Iterator[Volume]:
    """All volumes, or those in a state, in the order in which they were found; page by page."""
    last = 0
    while page := ledger.rows(
        f"SELECT {_COLUMNS} {_FROM} WHERE v.id > ?1 AND (?2 IS NULL OR v.state = ?2)"
        f" ORDER BY v.id LIMIT {_PAGE}",
        last,
        state,
    ):
        last = page[-1][0]
        yield from (Volume(*row) for row in page)


def next_volume(ledger: Ledger, after: int, states: Sequence[str]) -> Volume | None:
    """The first volume behind a row that is in one of these states."""
    found = ledger.row(
        f"SELECT {_COLUMNS} {_FROM} WHERE v.id > ?"
        f" AND v.state IN ({', '.join('?' * len(states))}) ORDER BY v.id LIMIT 1",
        after,
        *states,
    )
    return Volume(*found) if found else None


def count_volumes(ledger: Ledger) -> VolumeCounts:
    """Count them by what became of them."""
    n = dict(ledger.rows("SELECT state, count(*) FROM volume GROUP BY state"))
    there = n.get("verified", 0)
    return VolumeCounts(
        found=sum(n.values()),
        left_out=n.get("excluded", 0),
        ready=sum(n.values()) - n.get("excluded", 0),
        sent=n.get("sent", 0) + there,
        verified=there,
        failed=n.get("failed", 0),
        handed_over=ledger.number(
            "SELECT count(*) FROM volume WHERE handed_over_at_utc IS NOT NULL"
            " AND state <> 'excluded'"
        ),
    )


def volumes_not_sent(ledger: Ledger, limit: int) -> list[tuple[str, str, str]]:
    """Row key, state and reason of volumes that failed or are left out, failed ones first."""
    return [
        (f"F{file}", state, reason)
        for file, state, reason in ledger.rows(
            "SELECT file_id, state, reason FROM volume WHERE state IN ('failed', 'excluded')"
            " ORDER BY state DESC, id LIMIT ?",
            limit,
        )
    ]


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


def record_made(
    ledger: Ledger,
    volume: Volume,
    made_by: int,
    *,
    out_traits: str,
    size_bytes: int,
    md5: str,
    sha256: str,
    base_hash: str,
) -> None:
    """Record the JSON as it leaves, and give the volume its number among those of its name."""
    with ledger.transaction(durable=False):
        ledger.write(
            "UPDATE volume SET made_by = ?1, out_traits = ?2, json_bytes = ?3, json_md5 = ?4,"
            " json_sha256 = ?5, stop = '', hits = '', ordinal = iif(base_hash = ?6, ordinal,"
            " (SELECT ifnull(max(o.ordinal), 0) + 1 FROM volume o WHERE o.base_hash = ?6)),"
            " base_hash = ?6, handed_over_at_utc ="
            " iif(json_sha256 = ?5, handed_over_at_utc, NULL) WHERE id = ?7",
            made_by,
            out_traits,
            size_bytes,
            md5,
            sha256,
            base_hash,
            volume.row,
        )


def record_stopped(
    ledger: Ledger, volume: Volume, made_by: int, reason: str, hits: Sequence[str]
) -> None:
    """Record that the JSON does not leave, and the places of identifiers in it."""
    with ledger.transaction(durable=False):
        ledger.write(
            "UPDATE volume SET made_by = ?, stop = ?, hits = ?, out_traits = NULL,"
            " handed_over_at_utc = NULL WHERE id = ?",
            made_by,
            reason,
            ";".join(hits),
            volume.row,
        )


def record_fate(ledger: Ledger, row: int, *, is_chosen: bool, state: str, reason: str) -> None:
    """Record whether a volume that has not gone is to go."""
    with ledger.transaction(durable=False):
        ledger.write(
            "UPDATE volume SET is_chosen = ?, state = ?, reason = ? WHERE id = ?"
            " AND state NOT IN ('sent', 'verified')",
            is_chosen,
            state,
            reason,
            row,
        )


def record_sent(ledger: Ledger, row: int) -> None:
    """The node acknowledged both files. Durable."""
    with ledger.transaction():
        ledger.write(
            "UPDATE volume SET state = 'sent', reason = '', sent_at_utc = ? WHERE id = ?",
            utc_now(),
            row,
        )


def record_verified(ledger: Ledger, row: int) -> None:
    """Both files were read back from the node, or their digests. Durable."""
    with ledger.transaction():
        ledger.write(
            "UPDATE volume SET state = 'verified', reason = '', verified_at_utc = ? WHERE id = ?",
            utc_now(),
            row,
        )


def record_not_sent(ledger: Ledger, row: int, reason: str) -> None:
    """It did not arrive, and why. Durable."""
    with ledger.transaction():
        ledger.write("UPDATE volume SET state = 'failed', reason = ? WHERE id = ?", reason, row)


def record_handed_over(ledger: Ledger, row: int) -> None:
    """Both files lie in the hand-over folder, looked through once more. Durable."""
    with ledger.transaction():
        ledger.write(
            "UPDATE volume SET state = 'todo', reason = '', handed_over_at_utc = ? WHERE id = ?",
            utc_now(),
            row,
        )


def doubt_volumes(ledger: Ledger) -> None:
    """What was seen on the node is looked for again."""
    with ledger.transaction():
        ledger.write("UPDATE volume SET state = 'sent' WHERE state = 'verified'")


def open_images(ledger: Ledger, study: int) -> int:
    """How many instances of a Study are on their way still, or did not arrive."""
    return ledger.number(
        "SELECT sum(t.n) FROM series e JOIN tally t ON t.series_id = e.id"
        " WHERE e.study_id = ? AND t.state IN ('ready', 'sent', 'failed')",
        study,
    )
