"""The short scenarios of the fault bench; `python -m tests.faults` plays all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scenario import Scenario, perform, scenarios
from tests.faults.servers import Servers


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with Servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.mark.parametrize(
    "scenario", [pytest.param(one, id=one.name) for one in scenarios() if one.is_short]
)
def test_nothing_is_lost_doubled_wrongly_reported_or_left(
    scenario: Scenario, tmp_path: Path, servers: Servers
) -> None:
    if lacks := scenario.lacks():
        pytest.skip(lacks)
    verdict = perform(scenario, tmp_path / "scenario", servers)
    assert verdict.is_good, verdict
    assert verdict.sent > 0
