"""The XNAT stand-in in a process of its own, and the judge over a transfer to it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.made import data_set
from tests.engine.archive import Archive, ArchivedSession
from tests.faults.bench import Bench, Held, SandboxServer
from tests.faults.cohort import Cohort


@dataclass(frozen=True)
class XnatServer(SandboxServer):
    """What is archived there, by what follows the file meta information: XNAT writes its own."""

    url: str = ""
    node: str = "sandbox-xnat"

    @property
    def archive(self) -> Archive:
        return Archive(self.url, self.home / "ca.pem")

    def held(self, uid_root: str) -> Mapping[str, Held]:
        return {
            uid: Held(
                hashlib.sha256(data_set(Path(kept["path"]).read_bytes())).hexdigest(),
                kept["received"],
            )
            for uid, kept in self.control("xnat/stored")["archived"].items()
            if uid.startswith(f"{uid_root}.")
        }

    def waiting(self, uid_root: str) -> list[str]:
        """Status of each prearchive entry with a Study below this UID root."""
        rows = self.archive.prearchive()
        return [row.status for row in rows if row.study_uid.startswith(f"{uid_root}.")]


class XnatBench(Bench):
    """One transfer to the stand-in's project."""

    destination = "SANDBOX"

    def __init__(self, home: Path, server: XnatServer, cohort: Cohort, options: str) -> None:
        super().__init__(home, server, cohort, options)
        self.xnat = server

    @property
    def expected(self) -> Mapping[str, str]:
        return self.cohort.data_digests

    @property
    def studies(self) -> Mapping[str, str]:
        """The Study in which each instance is to be archived."""
        return self.cohort.studies

    def sessions(self) -> list[ArchivedSession]:
        """The archived sessions of the transfer."""
        return list(self.xnat.archive.sessions(f"{self.cohort.uid_root}."))

    def waiting(self) -> list[str]:
        """Status of each prearchive entry of the transfer."""
        return self.xnat.waiting(self.cohort.uid_root)

    def again(self) -> int:
        """How many instances came in more often than once, each counted as often."""
        return sum(held.received - 1 for held in self.held().values())

    def assert_arrived(self) -> None:
        """Also: one archived session for each Study, each instance in the catalogues once, and
        nothing left in the prearchive."""
        super().assert_arrived()
        expected: dict[str, Counter[str]] = {}
        for uid, study in self.studies.items():
            expected.setdefault(study, Counter())[uid] += 1
        found = self.sessions()
        assert sorted(session.study_uid for session in found) == sorted(expected)
        assert {s.study_uid: Counter(s.sop_instance_uids) for s in found} == expected
        assert self.waiting() == []
