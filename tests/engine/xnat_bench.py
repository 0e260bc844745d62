"""An XNAT project with faults to order, a source folder of two Studies, and the judge over both."""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from adapters.sandbox.ca import ThrowAwayCa
from adapters.sandbox.server import Options, in_thread
from adapters.sandbox.xnat.site import PROJECT, SiteOptions
from tests.conformance.made import fresh_series, fresh_uid, made
from tests.engine.archive import Archive, ArchivedSession
from tests.engine.bench import NODE, TRANSFER, Bench, write_source
from tests.program import Program, Ran
from transfer.values import SeriesInstanceUID, SeriesRef


@dataclass
class XnatBench(Bench):
    """One transfer of two Studies, made and not yet uploaded: the first has Series of three and
    of two instances, the second one of three."""

    record: Path = field(default_factory=Path)

    @property
    def archive(self) -> Archive:
        """The project, read by a client of its own. Faults strike it as well."""
        return Archive(self.sandbox.xnat_url, self.sandbox.ca_file)

    @property
    def studies(self) -> list[str]:
        """Study Instance UIDs in the order in which they were made."""
        return list(dict.fromkeys(i.series.study_uid for i in self.images))

    def of_study(self, number: int) -> set[str]:
        """SOP Instance UIDs of one of the two Studies."""
        study = self.studies[number]
        return {i.sop_instance_uid for i in self.images if i.series.study_uid == study}

    def received(self) -> list[int]:
        taken = self.sandbox.xnat.importer.received
        return [taken.get(i.sop_instance_uid, 0) for i in self.images]

    def asked(self, path: str) -> int:
        """How often a path below `/data` was asked for by POST."""
        head = f"POST /data/{path}".encode()
        bodies = [file.read_bytes() for file in self.record.glob("*-request.http")]
        return sum(body.startswith((head + b" ", head + b"?")) for body in bodies)

    def assert_archived(self, *numbers: int) -> None:
        """The archive holds just these Studies, one session each and each instance once, and
        nothing waits."""
        expected: dict[str, Counter[str]] = {
            self.studies[number]: Counter(self.of_study(number)) for number in numbers
        }
        found: list[ArchivedSession] = self.archive.sessions()
        assert sorted(s.study_uid for s in found) == sorted(expected)
        assert {s.study_uid: Counter(s.sop_instance_uids) for s in found} == expected
        assert self.archive.prearchive() == []

    def assert_all_arrived(self, ran: Ran) -> None:
        assert ran.code == 0, str(ran)
        assert self.counts() == {"ready": 8, "sent": 8, "verified": 8, "failed": 0}
        assert self.step()["state"] == "done"
        self.assert_archived(0, 1)


@contextmanager
def xnat_bench(
    folder: Path,
    *,
    side: int = 8,
    site: SiteOptions | None = None,
    username: str = "ingester",
    context: Callable[[ThrowAwayCa], ssl.SSLContext] | None = None,
    **table: object,
) -> Iterator[XnatBench]:
    """A running site and a transfer of images of `side` by `side` bytes to it.

    `table` is added to the node's table in config.toml; `context` is the server's own.
    """
    one = fresh_series()
    beside = SeriesRef(one.study_uid, SeriesInstanceUID(fresh_uid()), one.patient_id)
    series = [one] * 3 + [beside] * 2 + [fresh_series()] * 3
    images = [made(of, side=side) for of in series]
    source = write_source(folder / "source", images)
    record = folder / "record"
    with in_thread(Options(record=record, xnat=site or SiteOptions(), context=context)) as sandbox:
        program = Program(folder / "home", {"EUCAIM_TRANSFER_PASSWORD": username})
        bench = XnatBench(program, sandbox, images, record=record)
        usual: dict[str, object] = {
            "kind": "xnat",
            "url": sandbox.xnat_url,
            "username": username,
            "destinations": [PROJECT],
            "ca_file": str(sandbox.ca_file),
            "listing_delay_s": 1,
        }
        bench.configure(**(usual | table))
        program.here("new", TRANSFER, "--node", NODE, "--source", source)
        yield bench
        assert list(sandbox.crashes) == []
