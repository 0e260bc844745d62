"""The crosswalk: right for every patient or empty for that one, and locked on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from transfer.deid.keys.crosswalk import lock_crosswalk, make_crosswalk, open_crosswalk
from transfer.deid.keys.passphrase import WrongPassphrase
from transfer.deid.keys.seal import PATIENT_ID, Seal, SealedWithAnotherKey
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order
from transfer.orders import make_transfer
from transfer.workspace import Home

# Key and pseudonyms of Lethe 0.9.16, as observed with invented patients.
KEY = "019a39ba16da7edb9e906440a48e9ed32"
OTHER = "019424f8632e79699a5a5a5a5a5a5a5a1"
PASSPHRASE = "correct horse battery"


@contextmanager
def ledger_of(
    tmp_path: Path, patients: dict[str, bytes | None], deid: str | None = "eucaim"
) -> Iterator[Ledger]:
    """The ledger of a transfer with these Patient IDs and their sealed pseudonyms."""
    source = tmp_path / "source"
    source.mkdir(exist_ok=True)
    if deid == "script":
        script = tmp_path / "site.script"
        script.write_text('<script><e en="T" t="00100020" n="PatientID">@hash(this)</e></script>')
        deid = str(script)
    order = Order("t", "upv", source, "BIO|SUB", site_id="SITE-001", deid=deid)
    with Ledger.open(make_transfer(Home.at(tmp_path / "home"), order).ledger) as ledger:
        with ledger.transaction():
            for original, sealed in patients.items():
                ledger.write(
                    "INSERT INTO patient (original_id, original_name, pseudonym) VALUES (?, '', ?)",
                    original,
                    sealed,
                )
        yield ledger


def test_before_anything_was_sealed_the_pseudonyms_are_computed(tmp_path: Path) -> None:
    with ledger_of(tmp_path, {"HOSP0004": None, "Ä-ø-1": None, "": None}) as ledger:
        made = make_crosswalk(ledger, KEY)
    assert made.table.decode() == (
        "original_patient_id,pseudonym\r\n"
        "HOSP0004,EUCAIM-303169448917978981465802042510721317644\r\n"
        "Ä-ø-1,EUCAIM-300597429802915622911136051070693906976\r\n"
        ",EUCAIM-11896486885229557415328157522857481041\r\n"
    )
    assert (made.patients, made.unknown) == (3, 0)


def test_what_was_sealed_counts_more_than_what_could_be_computed(tmp_path: Path) -> None:
    sealed = Seal(KEY).close("P-17", PATIENT_ID)
    with ledger_of(tmp_path, {'a,"b"': sealed}) as ledger:
        assert make_crosswalk(ledger, KEY).table.splitlines()[1] == b'"a,""b""",P-17'


def test_pseudonyms_of_another_key_are_an_error_and_no_table(tmp_path: Path) -> None:
    sealed = Seal(OTHER).close("P-17", PATIENT_ID)
    with ledger_of(tmp_path, {"one": sealed}) as ledger, pytest.raises(SealedWithAnotherKey):
        make_crosswalk(ledger, KEY)


@pytest.mark.parametrize(
    ("deid", "original"), [("script", "one"), ("eucaim", "one\N{REPLACEMENT CHARACTER}")]
)
def test_a_pseudonym_that_cannot_be_known_stays_empty(
    tmp_path: Path, deid: str, original: str
) -> None:
    """A wrong line in a crosswalk is worse than none."""
    with ledger_of(tmp_path, {original: None}, deid) as ledger:
        made = make_crosswalk(ledger, KEY)
    assert made.table.decode().splitlines()[1] == f"{original},"
    assert (made.patients, made.unknown) == (1, 1)


@pytest.mark.parametrize("deid", ["none", None])
def test_a_transfer_of_files_as_they_are_has_no_crosswalk(tmp_path: Path, deid: str | None) -> None:
    """Nodes that take files as they are need no word of a method."""
    with (
        ledger_of(tmp_path, {"one": None}, deid) as ledger,
        pytest.raises(UsageError, match="no pseudonyms of ours"),
    ):
        make_crosswalk(ledger, KEY)


def test_a_crosswalk_shows_no_patient_where_it_is_shown_itself(tmp_path: Path) -> None:
    with ledger_of(tmp_path, {"HOSP0004": None}) as ledger:
        assert "HOSP0004" not in repr(make_crosswalk(ledger, KEY))


def test_a_locked_crosswalk_opens_with_its_passphrase_only() -> None:
    locked = lock_crosswalk(b"HOSP0004,EUCAIM-1\r\n", PASSPHRASE)
    assert b"HOSP" not in locked
    assert open_crosswalk(locked, PASSPHRASE) == b"HOSP0004,EUCAIM-1\r\n"
    with pytest.raises(WrongPassphrase):
        open_crosswalk(locked, "correct horse batterie")


def test_the_locked_form_is_the_documented_one() -> None:
    document = json.loads(lock_crosswalk(b"", PASSPHRASE))
    assert document["form"] == "eucaim-transfer crosswalk 1"
    assert set(document) == {"form", "locked"}
    assert set(document["locked"]) == {"kdf", "salt", "nonce", "box"}


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b"[" * 100_000, b'{"form": "eucaim-transfer crosswalk 1"}', b"{}"],
)
def test_what_is_no_crosswalk_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError, match="no locked crosswalk"):
        open_crosswalk(content, PASSPHRASE)
