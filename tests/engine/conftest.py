"""A transfer whose images are on the node already, for the tests of step 9."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.clinical_bench import BOTH, ClinicalBench, clinical_bench


@pytest.fixture(params=BOTH)
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ClinicalBench]:
    """Five patients whose images are on the node."""
    with clinical_bench(tmp_path, request.param) as made:
        yield made


@pytest.fixture
def upv(tmp_path: Path) -> Iterator[ClinicalBench]:
    """The same on one node, for what no node has a say in."""
    with clinical_bench(tmp_path, "upv", patients=3) as made:
        yield made
