"""Two hosts send two halves of one cohort at the same time, as one host would have sent all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.sandbox.server import Sandbox, in_thread
from tests.engine.archive import Archive
from tests.gateways.hosts import (
    PART_1,
    PATIENTS,
    SITE_ID,
    Host,
    patient_list,
    upload_at_once,
    upv,
    write_cohort,
    xnat,
)

SCRIPT = """<script>
<p t="DATEINC">-100</p>
<e en="T" t="00080018" n="SOPInstanceUID">@hashuid(1.2.3,this)</e>
<e en="T" t="00080020" n="StudyDate">@hashdate(this,PatientID)</e>
<e en="T" t="00100010" n="PatientName">@hashptid(@SECRET_KEY,PatientID)</e>
<e en="T" t="00100020" n="PatientID">@hashptid(@SECRET_KEY,this)</e>
<e en="T" t="0020000d" n="StudyInstanceUID">@hashuid(1.2.3,this)</e>
<e en="T" t="0020000e" n="SeriesInstanceUID">@hashuid(1.2.3,this)</e>
<k en="T" t="0008">Keep</k><k en="T" t="0018">Keep</k><k en="T" t="0020">Keep</k>
<k en="T" t="0028">Keep</k>
</script>
"""


@dataclass(frozen=True)
class Sent:
    """What two hosts sent to `parted`, and one host to `whole`."""

    parted: Sandbox
    whole: Sandbox
    first: Host
    second: Host
    one: Host


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    folder = tmp_path_factory.mktemp("hosts")
    source = write_cohort(folder / "source")
    words = ("--deid", "eucaim", "--site-id", SITE_ID)
    with ExitStack() as stack:
        parted, whole = (stack.enter_context(in_thread()) for _ in range(2))
        first = Host.at(folder / "1", "lung-1", upv(parted), source, *words)
        second = Host.at(folder / "2", "lung-2", upv(parted), source, *words)
        one = Host.at(folder / "0", "lung", upv(whole), source, *words)
        first.run("select", "--only-part", "1/2")
        second.run("select", "--only-part", "2/2")
        upload_at_once(first, second, one)
        yield Sent(parted, whole, first, second, one)


def test_what_arrived_of_two_halves_is_byte_for_byte_what_one_host_sends(sent: Sent) -> None:
    """Pseudonyms, UIDs, dates and everything else."""
    parted = {uid: held.sha256 for uid, held in sent.parted.stored().items()}
    whole = {uid: held.sha256 for uid, held in sent.whole.stored().items()}
    assert len(whole) == 24
    assert parted == whole


def test_each_instance_was_sent_exactly_once(sent: Sent) -> None:
    received = [held.received for held in sent.parted.stored().values()]
    assert received == [1] * 24


def test_each_host_counts_its_own_half(sent: Sent) -> None:
    for host, patients in ((sent.first, len(PART_1)), (sent.second, len(PATIENTS) - len(PART_1))):
        n = 4 * patients
        assert host.counts() == {"ready": n, "sent": n, "verified": n, "failed": 0}


@pytest.fixture
def overlapping(tmp_path: Path) -> Iterator[tuple[Sandbox, Host, Host]]:
    """Two lists with patient 3 on both, sent at once, by a script that shifts dates."""
    source = write_cohort(tmp_path / "source")
    script = tmp_path / "shift.script"
    script.write_text(SCRIPT, "utf-8")
    words = ("--deid", script, "--site-id", SITE_ID)
    with in_thread() as sandbox:
        first = Host.at(tmp_path / "1", "lung-1", xnat(sandbox), source, *words)
        second = Host.at(tmp_path / "2", "lung-2", xnat(sandbox), source, *words)
        first.run("select", "--only-patients", patient_list(tmp_path, "1.txt", [1, 2, 3]))
        second.run("select", "--only-patients", patient_list(tmp_path, "2.txt", [3, 4, 5, 6]))
        upload_at_once(first, second)
        yield sandbox, first, second
        assert list(sandbox.crashes) == []


def test_on_xnat_two_runners_at_once_leave_one_session_a_study_even_of_a_patient_sent_twice(
    overlapping: tuple[Sandbox, Host, Host], tmp_path: Path
) -> None:
    """The equal copies become one; both count it as verified, and `gateways` names the patient."""
    sandbox, first, second = overlapping
    archive = Archive(sandbox.xnat_url, sandbox.ca_file)
    sessions = archive.sessions()
    assert len({session.subject for session in sessions}) == len(PATIENTS)
    assert len(sessions) == 12
    uids = archive.sop_instance_uids()
    assert (len(uids), len(set(uids))) == (24, 24)
    assert archive.prearchive() == []
    assert (first.counts()["verified"], second.counts()["verified"]) == (12, 16)
    found = second.compared(first.sheet(tmp_path / "1.sheet"))
    assert (found["exit_code"], found["twice"]) == (3, ["P3"])
