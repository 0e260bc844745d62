"""Transfers that de-identify: what has to arrive is made here once more, with the same key."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.conformance.made import data_set
from tests.engine.archive import ArchivedSession
from tests.faults.bench import Bench, Held, Server
from tests.faults.cohort import Cohort
from tests.faults.xnat import XnatBench
from transfer.deid.keys.cohort import cohort_of, key_for
from transfer.deid.look.identifiers import NOBODY
from transfer.deid.methods import MethodSpec, build_method
from transfer.deid.model import Moment, Stretch
from transfer.deid.rewrite import Look, Outgoing, rewrite
from transfer.ledger.connection import Ledger
from transfer.ledger.deid_run import newest_run
from transfer.ledger.order import read_order
from transfer.workspace import Home, Workspace

UID_ROOT = "1.3.6.1.4.1.58108.2023"
"""Below this all UIDs lie that the profile gives."""

SITE_ID = "FAULTS"


@dataclass(frozen=True)
class Leaves:
    """One instance as it has to arrive."""

    study_uid: str
    sop_instance_uid: str
    content: bytes


def what_leaves(home: Home, workspace: Workspace, cohort: Cohort) -> list[Leaves]:
    """Every instance of the cohort, rewritten by one process with nothing in its way."""
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        order, run = read_order(ledger), newest_run(ledger)
    assert run is not None, "something was de-identified"
    key = key_for(home, cohort_of(order)).text
    method = build_method(MethodSpec("eucaim", key, SITE_ID))
    moment = Moment(dt.datetime.fromisoformat(run[1].clock))
    files = sorted(cohort.folder.glob("P*/*/*.dcm"))
    made = [_rewritten(path, rewrite(str(path), method, moment, Look(NOBODY))) for path in files]
    assert len(made) == len(cohort.digests) == len({one.sop_instance_uid for one in made})
    return made


def _rewritten(path: Path, made: object) -> Leaves:
    assert isinstance(made, Outgoing), made
    source = path.read_bytes()
    content = b""
    for piece in made.pieces:
        if isinstance(piece, Stretch):
            content += source[piece.offset : piece.offset + piece.length]
        else:
            assert isinstance(piece, bytes), "no pixel rule is at work"
            content += piece
    assert source[-64:] in content, "the pixels pass through"
    return Leaves(made.identity.study_uid, made.identity.sop_instance_uid, content)


class DeidBench(Bench):
    """One transfer by the profile that is usual. Only what its server got since is looked at."""

    deid = "eucaim"
    site_id = SITE_ID

    def __init__(self, home: Path, server: Server, cohort: Cohort, options: str) -> None:
        super().__init__(home, server, cohort, options)
        self._before = set(server.held(UID_ROOT))

    @cached_property
    def leaves(self) -> list[Leaves]:
        return what_leaves(self.home, self.workspace, self.cohort)

    def held(self) -> Mapping[str, Held]:
        found = self.server.held(UID_ROOT)
        return {uid: held for uid, held in found.items() if uid not in self._before}

    @property
    def expected(self) -> Mapping[str, str]:
        return {
            one.sop_instance_uid: hashlib.sha256(one.content).hexdigest() for one in self.leaves
        }

    def assert_arrived(self) -> None:
        """Also: the ledger has the digest of each file and of what left of it."""
        super().assert_arrived()
        digests = self.number(
            "SELECT count(*) FROM instance WHERE length(sha256) = 64 AND sha256 <> source_sha256"
        )
        # What only the node's listing proved, after a kill, has none.
        assert digests > 0
        assert self.number("SELECT count(*) FROM instance WHERE head_sha256 IS NULL") == 0


class DeidXnatBench(XnatBench, DeidBench):
    """The same to an XNAT, which writes file meta information of its own."""

    @property
    def expected(self) -> Mapping[str, str]:
        return {
            one.sop_instance_uid: hashlib.sha256(data_set(one.content)).hexdigest()
            for one in self.leaves
        }

    @property
    def studies(self) -> Mapping[str, str]:
        return {one.sop_instance_uid: one.study_uid for one in self.leaves}

    def sessions(self) -> list[ArchivedSession]:
        studies = set(self.studies.values())
        found = self.xnat.archive.sessions(UID_ROOT)
        return [session for session in found if session.study_uid in studies]

    def waiting(self) -> list[str]:
        studies = set(self.studies.values())
        return [row.status for row in self.xnat.archive.prearchive() if row.study_uid in studies]
