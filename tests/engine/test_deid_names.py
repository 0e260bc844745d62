"""What the last look knows of a patient whose files do not all say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.bench import in_the_way
from tests.engine.deid_bench import deid_bench


@pytest.mark.parametrize("series", ["1.4.1", "1.4.17"], ids=["of one series", "of two"])
def test_a_file_without_the_name_is_searched_for_the_name_in_the_others(
    tmp_path: Path, series: str
) -> None:
    """Screens that were captured often lack the Patient's Name, and show it in a description."""
    with deid_bench(tmp_path) as bench:
        bench.image(1, 0, PatientName="", SeriesDescription="Zwingenaberg Thorax")
        bench.image(1, 1, SeriesInstanceUID=series)
        bench.new_eucaim()
        ran = bench.check()
        assert ran.code == 3, str(ran)
        (finding,) = in_the_way(ran.document)
        assert (finding["rule"], finding["key"]) == ("DID-03", "P1")
        assert "(0008,103E)" in finding["message"]
