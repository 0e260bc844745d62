"""The receipts: what became of every instance, volume and clinical item, one line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from transfer.evidence.speech import Speech
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.method_files import de_identifies
from transfer.quality.export import harmless

INSTANCES: Final = (
    "key", "patient", "pseudonym", "study", "series", "sop_instance_uid", "sop_class_uid",
    "transfer_syntax_uid", "bytes", "sha256_before", "sha256_after", "state", "answer",
    "failed_tries",
    "sent_at_utc", "verified_at_utc",
)  # fmt: skip
VOLUMES: Final = (
    "key", "patient", "bytes", "sha256", "json_sha256", "state", "answer", "sent_at_utc",
    "verified_at_utc", "handed_over_at_utc",
)  # fmt: skip
CLINICAL: Final = (
    "kind", "patient", "pseudonym", "bytes", "sha256", "sha256_on_the_node", "state", "answer",
    "attempts", "changed_at_utc",
)  # fmt: skip
FINDINGS: Final = (
    "rule", "severity", "level", "key", "things", "standing", "message", "remedy",
)  # fmt: skip
_PAGE: Final = 5000


@dataclass
class Receipts:
    """Reads the lines of one report. `states` counts what was written, by state.

    A UID stands there only if the instance went, or was tried, under it; `has_names`: the
    pseudonyms can be opened here.
    """

    ledger: Ledger
    speech: Speech
    has_names: bool
    states: Counter[str] = field(default_factory=Counter)

    def instances(self) -> Iterator[tuple[object, ...]]:
        """By row, in the order of the scan."""
        names = self.ledger.names
        renames = de_identifies(read_order(self.ledger))
        is_named = self.has_names or not renames
        answers: dict[tuple[str, str], object] = {}
        last = 0
        while page := self.ledger.rows(_INSTANCES, last, _PAGE):
            for (
                row, patient, sealed, study, series, uid, out, sop_class, syntax, size, before,
                after, state, reason, evidence, attempts, sent, verified,
            ) in page:  # fmt: skip
                went = attempts > 0 or sent is not None
                shown = names.shown(uid, out) if went and is_named else ""
                self.states[state] += 1
                said = (reason, evidence)
                if (answer := answers.get(said)) is None:
                    answer = harmless(self.answer(reason, evidence))
                    if len(answers) < _PAGE:
                        answers[said] = answer
                yield (
                    f"I{row}", f"P{patient}", self._pseudonym(sealed), f"S{study}", f"E{series}",
                    shown, sop_class, syntax, size, before or "", after or "", state, answer,
                    attempts, sent or "", verified or "",
                )  # fmt: skip
            last = page[-1][0]

    def volumes(self) -> Iterator[tuple[object, ...]]:
        """By row."""
        last = 0
        while page := self.ledger.rows(_VOLUMES, last, _PAGE):
            for _, file, patient, size, sha256, json_sha256, state, reason, *times in page:
                key = f"P{patient}" if patient else ""
                answer = harmless(self.answer(reason, ""))
                yield f"F{file}", key, size, sha256, json_sha256, state, answer, *_there(times)
            last = page[-1][0]

    def clinical(self) -> Iterator[tuple[object, ...]]:
        """By item; files have no patient."""
        last = 0
        while page := self.ledger.rows(_CLINICAL, last, _PAGE):
            for _, kind, patient, sealed, size, sha256, there, state, reason, n, at in page:
                key = f"P{patient}" if patient else ""
                answer = harmless(self.answer(reason, ""))
                name = self._pseudonym(sealed)
                yield kind, key, name, size, sha256, there, state, answer, n, at
            last = page[-1][0]

    def findings(self) -> Iterator[tuple[object, ...]]:
        """As they stand now, in the order in which they were found."""
        last = 0
        while page := self.ledger.rows(
            "SELECT id, rule, severity, level, key, n, standing, message, remedy FROM finding"
            " WHERE id > ? ORDER BY id LIMIT ?",
            last,
            _PAGE,
        ):
            for _, *cells in page:
                yield tuple(harmless(cell) for cell in cells)
            last = page[-1][0]

    def answer(self, reason: str, evidence: str) -> str:
        """What the node said, in one text."""
        told = (self.speech.typed(evidence), self.speech.typed(reason))
        return "; ".join(text for text in told if text)

    def _pseudonym(self, sealed: bytes | None) -> object:
        return harmless(self.ledger.names.pseudonym(sealed)) if self.has_names else ""


def _there(texts: list[str | None]) -> list[str]:
    return [text or "" for text in texts]


_INSTANCES: Final = (
    "SELECT i.id, s.patient_id, p.pseudonym, s.id, e.id, i.sop_instance_uid,"
    " i.out_sop_instance_uid, ifnull(i.out_sop_class_uid, i.sop_class_uid),"
    " ifnull(i.out_transfer_syntax_uid, i.transfer_syntax_uid), i.size_bytes, i.source_sha256,"
    " i.sha256, i.state, i.reason, i.evidence, i.attempts, i.sent_at_utc, i.verified_at_utc"
    " FROM instance i JOIN series e ON e.id = i.series_id JOIN study s ON s.id = e.study_id"
    " JOIN patient p ON p.id = s.patient_id WHERE i.id > ? ORDER BY i.id LIMIT ?"
)
_VOLUMES: Final = (
    "SELECT id, file_id, patient_id, size_bytes, sha256, json_sha256, state, reason, sent_at_utc,"
    " verified_at_utc, handed_over_at_utc FROM volume WHERE id > ? ORDER BY id LIMIT ?"
)
_CLINICAL: Final = (
    "SELECT c.id, c.kind, c.patient_id, p.pseudonym, c.size_bytes, c.sha256, c.there_sha256,"
    " c.state, c.reason, c.attempts, c.changed_at_utc FROM clinical_item c"
    " LEFT JOIN patient p ON p.id = c.patient_id WHERE c.id > ? AND c.is_going = 1"
    " ORDER BY c.id LIMIT ?"
)
