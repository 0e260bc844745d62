"""A ledger made anew where nothing whole is left: what is not an image comes back from source and
node too, and nothing goes there twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.bench import TRANSFER
from tests.engine.clinical_bench import BOTH, Kind, clinical_bench
from tests.engine.volume_bench import VolumeBench, volume_bench
from tests.faults.damaging import BACKUP, ruin_instances
from tests.program import Program


def _lose_ledger(program: Program) -> None:
    """There is no copy, and of the ledger little more than the order can be read."""
    folder = program.home / "transfers" / TRANSFER
    (folder / BACKUP).unlink()
    ruin_instances(folder / "ledger.sqlite")


def _rebuild(program: Program) -> None:
    _lose_ledger(program)
    assert program.run("recover", TRANSFER).code == 2
    program.good("recover", TRANSFER, "--rebuild")


@pytest.mark.parametrize("kind", BOTH)
def test_clinical_rows_that_are_on_the_node_are_found_there_and_not_sent_again(
    tmp_path: Path, kind: Kind
) -> None:
    with clinical_bench(tmp_path, kind, patients=3) as at:
        assert at.clinical().code == 0
        held, sends = at.held(), at.sends()
        assert len(held) == 3
        _rebuild(at.program)
        at.send_images()
        ran = at.clinical()
        assert ran.code == 0, str(ran)
        assert at.counts_of()["verified"] == 3
        assert at.held() == held
        assert at.sends() == sends


@pytest.mark.parametrize("kind", BOTH)
def test_clinical_rows_of_which_some_went_are_completed(tmp_path: Path, kind: Kind) -> None:
    with clinical_bench(tmp_path, kind, patients=3) as at:
        at.refuse("PT002")
        assert at.clinical().code == 4
        sends = at.sends()
        _rebuild(at.program)
        at.sandbox.faults.clear()
        at.send_images()
        ran = at.clinical()
        assert ran.code == 0, str(ran)
        assert at.counts_of()["verified"] == 3
        assert len(at.held()) == 3
        again = at.sends() - sends
        assert all("PT002" in address for address in again), again


@pytest.mark.parametrize("kind", BOTH)
def test_other_data_on_the_node_stay_what_they_are_after_a_rebuild(
    tmp_path: Path, kind: Kind
) -> None:
    """The table was changed since: what the ledger would have known to be ours is a stranger's."""
    with clinical_bench(tmp_path, kind, patients=2) as at:
        assert at.clinical().code == 0
        held = at.held()
        _rebuild(at.program)
        at.change_comment("PT001", "better")
        at.send_images()
        ran = at.clinical()
        assert ran.code == 3, str(ran)
        assert at.held() == held
        assert at.counts_of()["differs"] == 1
        assert at.clinical("--overwrite").code == 0
        assert at.counts_of()["verified"] == 2


def _volumes(at: VolumeBench) -> dict[str, str]:
    return {name: file.path.read_bytes().hex() for name, file in at.held().items()}


@pytest.mark.parametrize("is_eucaim", [False, True], ids=["as they are", "de-identified"])
def test_volumes_that_are_on_the_node_are_found_there_and_not_sent_again(
    tmp_path: Path, is_eucaim: bool
) -> None:
    with volume_bench(tmp_path) as at:
        at.patient(0)
        at.patient(1)
        at.new_eucaim() if is_eucaim else at.new()
        ran = at.upload()
        assert ran.code == 0, str(ran)
        held, puts = _volumes(at), at.puts()
        assert (len(held), puts) == (4, 4)
        _rebuild(at.program)
        ran = at.upload()
        assert ran.code == 0, str(ran)
        assert at.volumes()["verified"] == 2
        assert _volumes(at) == held
        assert at.puts() == puts
