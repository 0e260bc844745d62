"""The sign-in of a run: trouble is sat out as in sending, a refusal is never met twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.engine.bench import Bench, bench
from tests.engine.xnat_bench import xnat_bench

_Make: TypeAlias = Callable[..., AbstractContextManager[Any]]
_BOTH = pytest.mark.parametrize(
    ("make", "service"),
    [(bench, "issuer"), (xnat_bench, "xnat-sign-in")],
    ids=["upv", "xnat"],
)
_NOTHING = {"ready": 0, "sent": 0, "verified": 0, "failed": 0}


@_BOTH
@pytest.mark.parametrize("trouble", ["status=503,retry-after=1", "status=500", "silent"])
def test_trouble_that_passes_is_sat_out(
    tmp_path: Path, make: _Make, service: str, trouble: str
) -> None:
    with make(tmp_path) as at:
        fault = at.sandbox.fault(f"{service}:{trouble},times=1")
        at.assert_all_arrived(at.upload())
        assert fault.fired == 1


@_BOTH
def test_trouble_is_sat_out_for_as_long_as_is_configured(
    tmp_path: Path, make: _Make, service: str
) -> None:
    with make(tmp_path, patience_s=0) as at:
        at.sandbox.fault(f"{service}:status=503,retry-after=0")
        ran = at.upload()
        assert ran.code == 6, str(ran)
        assert ran.complaint[0].endswith("The node is busy or not ready (HTTP 503).")
        assert at.counts() == _NOTHING
        assert at.step()["state"] == "waiting"
        at.sandbox.faults.clear()
        at.assert_all_arrived(at.upload())


@_BOTH
def test_a_sign_in_that_is_refused_is_not_tried_again(
    tmp_path: Path, make: _Make, service: str
) -> None:
    with make(tmp_path) as at:
        fault = at.sandbox.fault(f"{service}:status=401")
        ran = at.upload()
        assert ran.code in (5, 6), str(ran)
        assert fault.fired == 1
        assert at.counts() == _NOTHING


def test_a_stop_ends_the_waiting(tmp_path: Path) -> None:
    """Nobody waits a quarter of an hour for a run that is to end."""
    with bench(tmp_path) as at:
        at.sandbox.fault("issuer:status=503,retry-after=600")
        with at.program.started("upload", "t") as run:
            _await_waiting(at)
            at.program.good("stop", "t")
            _, err = run.communicate(timeout=60)
        assert run.returncode == 130, err


def _await_waiting(at: Bench) -> None:
    from tests.faults.processes import await_until

    await_until(lambda: at.status()["runner"]["phase"] == "login", "the run waits to sign in")
