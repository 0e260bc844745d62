"""What holds for all tests: a skip needs a good reason, and CI takes only one."""

from __future__ import annotations

import gc

import pytest
from hypothesis import HealthCheck, settings

# No timing decides a test, and each run tries the same examples.
settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")

# Screens are trees that refer to themselves, and thousands come and go in one process: looking for
# garbage as often as a program of usual size does costs a tenth of all.
gc.set_threshold(50_000, 20, 100)

ABSENT_SHARED = "../shared is absent"
_skipped: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--strict-skips",
        action="store_true",
        help=f"fail when a test is skipped for any reason but '{ABSENT_SHARED}'",
    )


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    # Archives hold the time at which they were made; a case keeps its name in every process.
    return argname if isinstance(val, bytes) and len(val) > 64 else None


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2]
        if ABSENT_SHARED not in reason:
            _skipped.append(f"{report.nodeid}: {reason}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if session.config.getoption("--strict-skips") and _skipped and not exitstatus:
        print("\nSkipped without leave:\n  " + "\n  ".join(_skipped))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
