"""What becomes of every column of the ledger when originals are removed.

Each column of each table stands here once. One that does not (a later version's) stops a removal
before it begins: nothing is kept because it was forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from transfer.ledger.connection import Ledger


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by what becomes of them, names with blanks between.

    `kept`: counts, codes, digests, times, row keys and words of this program. `typed`: texts of
    persons, nodes and the helpdesk, of which only that is taken away which tells of a patient;
    `persons`: names of staff, the same. `names`: that under which a thing went, opened and kept, or
    removed (see `names`). `removed`: what stands there instead, an SQL expression.
    """

    kept: str = ""
    typed: str = ""
    persons: str = ""
    names: str = ""
    removed: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> frozenset[str]:
        told = (self.kept, self.typed, self.persons, self.names)
        return frozenset((*(name for text in told for name in text.split()), *self.removed))


def _instead(letter: str) -> str:
    return f"char(31) || '{letter}' || id"


def _path(letter: str) -> str:
    # No path holds a NUL.
    return f"CAST(char(0) || '{letter}' || id AS BLOB)"


PAGED: Final[Mapping[str, Table]] = {
    "source_file": Table(
        "id size_bytes generation verdict kind reasons twin_of container_id",
        removed={"path": _path("F"), "mtime_ns": "0"},
    ),
    "patient": Table(
        "id",
        names="pseudonym",
        removed={
            "original_id": f"iif(original_id = '', '', {_instead('P')})",
            "original_name": "''",
        },
    ),
    "study": Table(
        "id patient_id committed_at_utc",
        names="out_study_uid",
        removed={"study_uid": _instead("S"), "study_date": "''", "description": "''"},
    ),
    "series": Table(
        "id study_id",
        names="out_series_uid",
        removed={
            "series_uid": _instead("E"),
            **dict.fromkeys(
                ("modality", "series_number", "description", "body_part", "manufacturer"), "''"
            ),
        },
    ),
    "instance": Table(
        "id file_id file_bytes series_id sop_class_uid transfer_syntax_uid body_offset has_part10"
        " deidentified size_bytes state batch_id attempts sha256 sent_at_utc verified_at_utc"
        " deid_run out_sop_class_uid out_transfer_syntax_uid head_sha256 source_sha256 cause mends",
        typed="reason evidence",
        names="out_sop_instance_uid",
        removed={
            "sop_instance_uid": _instead("I"),
            "file_mtime_ns": "0",
            "hits": "''",
            **dict.fromkeys(("facts_of_ns", "traits_id", "out_traits_id", "person_id"), "NULL"),
        },
    ),
    "volume": Table(
        "id file_id file_bytes json_file_id json_file_bytes patient_id study_id series_id"
        " image_problem json_problem head_bytes size_bytes md5 sha256 made_by json_bytes json_md5"
        " json_sha256 base_hash ordinal is_chosen state sent_at_utc verified_at_utc"
        " handed_over_at_utc",
        typed="stop reason",
        names="out_traits",
        removed={
            "file_mtime_ns": "0",
            "json_file_mtime_ns": "iif(json_file_mtime_ns IS NULL, NULL, 0)",
            **dict.fromkeys(("image_texts", "traits", "hits"), "''"),
        },
    ),
}
"""Tables with as many rows as there are files: gone through page by page."""

SMALL: Final[Mapping[str, Table]] = {
    "transfer": Table(
        "id name node destination site_id deid created_at_utc",
        removed={"source": "CAST('(removed)' AS BLOB)", "clinical": "NULL"},
    ),
    "file_tally": Table("verdict kind n bytes"),
    "tally": Table("series_id state n bytes"),
    "said": Table(
        "series_id is_excluded n example", removed={"traits_id": "NULL", "out_traits_id": "NULL"}
    ),
    "said_anew": Table("series_id"),
    "batch": Table("id state attempts"),
    "attempt": Table("id batch_id epoch started_at_utc ended_at_utc", typed="outcome"),
    "finding": Table(
        "id rule severity level key message remedy n example standing cells",
    ),
    "finding_place": Table("finding_id patient_id study_id series_id worst"),
    "settled": Table("rule key standing word_id severity n", typed="value"),
    "step": Table("id state changed_at_utc since_utc", "detail evidence", "person"),
    "step_history": Table("id step state at_utc", "detail evidence", "person"),
    "journey_place": Table("only step"),
    "word": Table("id subject said_at_utc", "value reason", "person"),
    "runner": Table(
        "id epoch pid host phase exit_code started_at_utc ended_at_utc", "message remedy"
    ),
    "control": Table("id wish bytes_per_s concurrency limit_until_utc"),
    "progress": Table("id", removed={"document": "'{}'"}),
    "event": Table("id at_utc kind", "text"),
    "deid_run": Table(
        "id method_sha256 key_fingerprint site_sha256 ingredients_sha256 clock made_at_utc",
        "method version",
    ),
    "method_file": Table("role sha256", removed={"name": "''"}),
    "selection_rule": Table("id action subject word_id", removed={"value": "''"}),
    "mend": Table("id kind word_id undone_word_id", "value"),
    "mend_series": Table("series_id mend_id"),
    "archive": Table("file_id size_bytes", removed={"mtime_ns": "0"}),
    "directory": Table("file_id named absent"),
    "clinical_file": Table(
        "id size_bytes sha256 form notes problem strangers heading_row data_rows",
        removed={"path": _path("T"), "sheet": "''", "mtime_ns": "0"},
    ),
    "declared": Table("role said_at_utc", "reason", "person"),
    "timepoint": Table("study_id episode number place"),
    "timepoint_name": Table("destination episode number name"),
    "clinical_item": Table(
        "id kind patient_id name sha256 size_bytes state first_row attempts there_sha256 is_seen"
        " is_going changed_at_utc",
        "reason",
    ),
    "ticket": Table(
        "id step case_key reference state how group_name sha256 desk_id made_at_utc sent_at_utc"
        " answered_at_utc",
        "title body number desk_state url answer",
        "person",
    ),
    "retention": Table(
        "only due_day begun_at_utc done_at_utc report_digest names key_fate",
    ),
    "removal": Table("table_name last_row"),
    "rows_removed": Table("patient_id n"),
    "publication": Table(
        "only dataset_id origin name version stage visibility studies subjects size_bytes pids link"
        " previous_id may created_at_utc stage_since_utc seen_at_utc",
        "said reason",
    ),
    "creation": Table(
        "id name index_sha256 studies subjects known_before state dataset_id asked_at_utc"
        " answered_at_utc",
        "message",
        "person",
    ),
    "accepted_difference": Table("id dataset_id figures at_utc", "reason", "person"),
    "publication_comparison": Table("only dataset_id compared at_utc"),
    "publication_metadata": Table("dataset_id key texts at_utc", persons="person"),
    "publication_trouble": Table("only doing exit_code since_utc at_utc", "what remedy"),
    "catalogue_field": Table("key", "value"),
    "catalogue_identifier": Table("id identifier recorded_at_utc"),
    "catalogue_file": Table("sha256 identifier instances written_at_utc"),
    "report_written": Table("id digest made_at_utc"),
}

EMPTIED: Final = (
    "patient_fact",
    "patient_likeness",
    "person",
    "traits",
    "clinical_link",
    "clinical_row",
    "clinical_column",
    "clinical_kept_back",
    "mapped_column",
    "mapped_term",
    "population_set",
    "selection_item",
    "deid_number",
    "study_age",
    "study_day",
    "timepoint_before",
    "ticket_field",
)
"""Tables that hold nothing but originals, or that lead to them."""

FIXED: Final[Mapping[str, Table]] = {
    "legal": Table(
        "id what state day sha256 is_digested_here is_sandbox recorded_at_utc",
        "ticket reason",
        "person entered_by",
    ),
    "audit": Table("id at_utc what source_row line"),
    "audit_person": Table("id", persons="name"),
    "publication_event": Table("id what dataset_id legal_sha256 at_utc", "detail", "person"),
    "catalogue_seen": Table("id identifier instances seen_at_utc", "address", "person"),
}
"""Tables that the ledger itself keeps anybody from changing: their texts are looked at and told."""

SETTINGS_KEPT: Final = ("chosen", "clinical-way", "clinical-stays", "circumstances")
"""Of the table `setting`; all others go. Without its secret the seals in the audit log lead to no
word any more."""

_SETTING: Final = frozenset(("name", "value"))


def unknown_columns(ledger: Ledger) -> list[str]:
    """Columns of which nobody has said what becomes of them."""
    return [
        f"{table}.{column}"
        for table, column in ledger.rows(
            "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c"
            " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid"
        )
        if table not in EMPTIED and column not in _columns(table)
    ]


def _columns(table: str) -> frozenset[str]:
    if table == "setting":
        return _SETTING
    known = PAGED.get(table) or SMALL.get(table) or FIXED.get(table)
    return known.columns if known else frozenset()
