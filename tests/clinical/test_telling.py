"""Columns that tell who a patient is, by their headings (TAB-05)."""

from __future__ import annotations

import pytest

from transfer.clinical.columns import telling


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("NHC", "hospital numbers"),
        ("Número de historia clínica", "hospital numbers"),
        ("Fallnummer", "hospital numbers"),
        ("Patient's surname", "names"),
        ("Apellidos del paciente", "names"),
        ("DNI_paciente", "national or insurance numbers"),
        ("Telephone 2", "phone numbers"),
        ("E-mail", "e-mail addresses"),
    ],
)
def test_a_heading_tells_it_in_whatever_company(heading: str, kind: str) -> None:
    assert telling(heading) == kind


@pytest.mark.parametrize("heading", ["Name of the drug", "Topography", "Address of bias", "niece"])
def test_other_words_tell_nothing(heading: str) -> None:
    assert telling(heading) == ""
