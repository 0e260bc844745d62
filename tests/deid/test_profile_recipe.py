"""EUCAIM's formulas on the examples that were seen (reference, sections 4.2 and 10)."""

from __future__ import annotations

import pytest

from transfer.deid.recipe import digits, hash_16, new_uid, pseudonym, site_value

KEY = "019a39ba16da7edb9e906440a48e9ed32"


@pytest.mark.parametrize(
    ("patient_id", "expected"),
    [
        ("HOSP0004", "EUCAIM-303169448917978981465802042510721317644"),
        ("1CT1", "EUCAIM-140522170402771169425239899297895192191"),
        ("Ä-ø-1", "EUCAIM-300597429802915622911136051070693906976"),
        (" NM 77 ", "EUCAIM-230038217682452954195772427291026356372"),
        ("", "EUCAIM-11896486885229557415328157522857481041"),
        ("null", "EUCAIM-214296412471804398661433726297935897883"),
    ],
)
def test_pseudonyms_are_those_of_lethe(patient_id: str, expected: str) -> None:
    """The last one is what Lethe gives an empty ID in a table."""
    assert pseudonym(KEY, patient_id) == expected


def test_uids_are_those_of_lethe() -> None:
    """From the original UID and the new Patient ID."""
    new = new_uid("1.2.826.0.1.3680043.10.5555.4.1", pseudonym(KEY, "HOSP0004"))
    assert new == "1.3.6.1.4.1.58108.2023.210146037355566173423512064101763870129"
    assert (
        new_uid("1.2.3 ", "EUCAIM-1")
        == new_uid("1.2.3\0", "EUCAIM-1")
        != new_uid(" 1.2.3", "EUCAIM-1")
    )


def test_hashes_are_those_of_lethe() -> None:
    """Section 4.2."""
    assert digits("é") == "136732923097551493579404309126273812335"
    assert hash_16("Abc Def-12") == "2669212518778230"
    assert site_value("SITE-001").startswith("4fc07245c7aef26cb570595f151fccba")
