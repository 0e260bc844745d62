"""The seal over pseudonyms, and the box that a passphrase opens."""

from __future__ import annotations

import base64

import pytest

from transfer.deid.keys.passphrase import WrongPassphrase, lock, unlock
from transfer.deid.keys.seal import PATIENT_ID, STUDY_UID, Seal, SealedWithAnotherKey
from transfer.errors import UsageError

KEY = "019424f8632e7696a5a5a5a5a5a5a5a50"
OTHER = "019424f8632e79699a5a5a5a5a5a5a5a1"
PASSPHRASE = "correct horse battery"


@pytest.mark.parametrize("text", ["EUCAIM-1", "", "Ä-ø-1", "\udce4 broken", "x" * 5000, "a\0b"])
def test_a_sealed_text_comes_back_as_it_was(text: str) -> None:
    seal = Seal(KEY)
    assert seal.open(seal.close(text, PATIENT_ID), PATIENT_ID) == text


def test_the_same_text_is_sealed_the_same_in_every_process() -> None:
    """The ledger finds rows by it, and a resumed transfer must find its own."""
    sealed = Seal(KEY).close("EUCAIM-1", PATIENT_ID)
    assert sealed.hex() == "26eaec30490701334f7c050f794d77cfa3d56d1d3ffa72d8"
    assert Seal(KEY).close("EUCAIM-1", PATIENT_ID) == sealed
    assert len(sealed) == len("EUCAIM-1") + 16


def test_columns_and_keys_do_not_share_sealed_texts() -> None:
    one = Seal(KEY).close("1.2.3", PATIENT_ID)
    assert one != Seal(KEY).close("1.2.3", STUDY_UID)
    assert one != Seal(OTHER).close("1.2.3", PATIENT_ID)


@pytest.mark.parametrize(
    ("key", "context", "change"),
    [(OTHER, PATIENT_ID, 0), (KEY, STUDY_UID, 0), (KEY, PATIENT_ID, 1)],
    ids=["another key", "another column", "changed"],
)
def test_what_was_sealed_otherwise_is_refused(key: str, context: str, change: int) -> None:
    sealed = bytearray(Seal(KEY).close("EUCAIM-1", PATIENT_ID))
    sealed[-1] ^= change
    with pytest.raises(SealedWithAnotherKey, match="another key") as refused:
        Seal(key).open(bytes(sealed), context)
    assert "EUCAIM" not in f"{refused.value!r}{refused.value.remedy}"
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("sealed", [b"", b"x", b"x" * 15, b"x" * 16, b"x" * 40])
def test_rubbish_is_refused_in_the_same_way(sealed: bytes) -> None:
    with pytest.raises(SealedWithAnotherKey):
        Seal(KEY).open(sealed, PATIENT_ID)


def test_a_seal_shows_nothing_of_its_key() -> None:
    assert repr(Seal(KEY)) == str(Seal(KEY)) == "Seal()"


def test_a_box_opens_with_its_passphrase_however_that_was_typed() -> None:
    """Some terminals send é as one character, some as e and an accent."""
    box = lock(b"content", "caf\u00e9 au lait noir", "purpose")
    assert unlock(box, "cafe\u0301 au lait noir", "purpose") == b"content"


def test_two_boxes_of_the_same_content_have_nothing_in_common() -> None:
    one, two = (lock(b"content", PASSPHRASE, "purpose") for _ in range(2))
    assert one["kdf"] == two["kdf"] == "scrypt n=32768 r=8 p=1"
    assert [one[name] == two[name] for name in ("salt", "nonce", "box")] == [False] * 3


def test_a_box_does_not_open_with_another_passphrase_or_for_another_purpose() -> None:
    box = lock(b"content", PASSPHRASE, "purpose")
    for passphrase, purpose in ((PASSPHRASE + " ", "purpose"), (PASSPHRASE, "other")):
        with pytest.raises(WrongPassphrase, match="does not open") as refused:
            unlock(box, passphrase, purpose)
        assert PASSPHRASE not in f"{refused.value!r}{refused.value.remedy}"


def test_a_changed_box_does_not_open() -> None:
    box = lock(b"content", PASSPHRASE, "purpose")
    content = bytearray(base64.b64decode(box["box"]))
    content[0] ^= 1
    with pytest.raises(WrongPassphrase):
        unlock(box | {"box": base64.b64encode(content).decode()}, PASSPHRASE, "purpose")


@pytest.mark.parametrize(
    "change",
    [
        {"kdf": "scrypt n=1073741824 r=8 p=1"},
        {"kdf": None},
        {"salt": "AA=="},
        {"nonce": "AA=="},
        {"box": "AA=="},
        {"box": "not base 64 ä"},
        {"box": 7},
        {"salt": []},
    ],
)
def test_a_box_of_another_form_is_refused_without_the_work(change: dict[str, object]) -> None:
    """The costs that a file asks for could take any memory; only ours are taken."""
    with pytest.raises(UsageError, match="form that this version does not know"):
        unlock(lock(b"content", PASSPHRASE, "purpose") | change, PASSPHRASE, "purpose")


def test_a_passphrase_that_is_soon_guessed_is_not_taken() -> None:
    with pytest.raises(UsageError, match="too short"):
        lock(b"content", "eleven char", "purpose")
