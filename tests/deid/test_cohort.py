"""One key for one cohort, kept for its owner alone, and never replaced without a person's word."""

from __future__ import annotations

import json
import os
import pickle
import stat
import threading
from pathlib import Path

import pytest

from transfer.deid.keys.cohort import (
    Explanation,
    NoKeyYet,
    SecondKey,
    cohort_of,
    import_document,
    import_key,
    key_for,
    key_of_transfer,
    make_or_find,
    notice_of_new_key,
    protect_key,
    require_site_id,
)
from transfer.deid.keys.keyring import (
    KeyMissing,
    PassphraseNeeded,
    key_path,
    keys_folder,
    load_document,
    look_up,
)
from transfer.deid.keys.passphrase import WrongPassphrase
from transfer.deid.keys.register import Cohort, find_entry
from transfer.errors import TransferError, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order
from transfer.orders import make_transfer
from transfer.workspace import Home

COHORT = Cohort("upv", "BIO|SUB", "SITE-001")
KEY = "019424f8632e7696a5a5a5a5a5a5a5a50"
OTHER = "019424f8632e79699a5a5a5a5a5a5a5a1"
PASSPHRASE = "correct horse battery"
EXPLAINED = Explanation("A. Person", "the first key was for a rehearsal")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_cohorts_key_is_made_once_and_found_by_later_deliveries(home: Home) -> None:
    first, is_new = make_or_find(home, COHORT)
    again, is_new_again = make_or_find(home, COHORT)
    assert (is_new, is_new_again) == (True, False)
    assert first.text == again.text == key_for(home, COHORT).text
    assert first.facts.origin == "made"


@pytest.mark.parametrize(
    "other",
    [
        Cohort("upv", "BIO|SUB", "SITE-002"),
        Cohort("upv", "BIO|OTHER", "SITE-001"),
        Cohort("health-ri", "BIO|SUB", "SITE-001"),
    ],
)
def test_another_node_destination_or_site_has_a_key_of_its_own(home: Home, other: Cohort) -> None:
    assert make_or_find(home, COHORT)[0].text != make_or_find(home, other)[0].text


def test_whoever_makes_a_key_is_told_what_losing_it_means(home: Home) -> None:
    key, _ = make_or_find(home, COHORT)
    loss, cure = notice_of_new_key(key)
    assert "If it is lost" in loss
    assert "cannot be linked" in loss
    assert "key export NAME --out FILE" in cure
    assert key.text not in loss + cure


def test_two_that_ask_at_the_same_time_get_the_same_key(home: Home) -> None:
    home.prepare()
    seen: list[str] = []
    threads = [
        threading.Thread(target=lambda: seen.append(make_or_find(home, COHORT)[0].text))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_everything_is_its_owners_alone_whatever_the_umask(home: Home) -> None:
    before = os.umask(0)
    try:
        key, _ = make_or_find(home, COHORT)
    finally:
        os.umask(before)
    assert mode(keys_folder(home)) == 0o700
    assert {p.name: mode(p) for p in keys_folder(home).iterdir()} == {
        f"{key.fingerprint}.key": 0o600,
        "cohorts.json": 0o600,
        "lock": 0o600,
    }


@pytest.mark.parametrize("open_to", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused_with_the_cure(home: Home, open_to: int) -> None:
    key, _ = make_or_find(home, COHORT)
    key_path(home, key.fingerprint).chmod(open_to)
    for use in (key_for, make_or_find):
        with pytest.raises(UsageError, match="can be read by other accounts") as refused:
            use(home, COHORT)
        assert "chmod 600" in refused.value.remedy


def test_a_folder_that_others_can_enter_is_refused_with_the_cure(home: Home) -> None:
    make_or_find(home, COHORT)
    keys_folder(home).chmod(0o750)
    for use in (key_for, make_or_find):
        with pytest.raises(UsageError, match="open to other accounts") as refused:
            use(home, COHORT)
        assert "chmod 700" in refused.value.remedy


def test_a_link_or_a_pipe_in_the_place_of_a_key_is_refused_at_once(
    home: Home, tmp_path: Path
) -> None:
    key, _ = make_or_find(home, COHORT)
    place = key_path(home, key.fingerprint)
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="cannot be read"):
        key_for(home, COHORT)
    place.unlink()
    os.mkfifo(place, 0o600)
    with pytest.raises(UsageError, match="cannot be read: it is no file"):
        key_for(home, COHORT)


def test_a_lost_key_is_never_replaced_by_a_new_one(home: Home) -> None:
    key, _ = make_or_find(home, COHORT)
    key_path(home, key.fingerprint).unlink()
    with pytest.raises(KeyMissing, match="no other key is taken in its place"):
        make_or_find(home, COHORT)
    assert import_key(home, COHORT, key.text).text == key.text
    assert make_or_find(home, COHORT)[0].text == key.text


def test_a_lost_register_is_never_begun_anew_while_keys_lie_there(home: Home) -> None:
    make_or_find(home, COHORT)
    (keys_folder(home) / "cohorts.json").unlink()
    with pytest.raises(UsageError, match=r"register .* is gone"):
        make_or_find(home, COHORT)
    with pytest.raises(UsageError, match=r"register .* is gone"):
        import_key(home, COHORT, KEY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"cohorts": [{"node": 1}]}',
        b'{"cohorts": [{"node": "upv", "destination": "BIO|SUB", "site_id": "SITE-001",'
        b' "fingerprint": "../../elsewhere", "since_utc": "", "earlier": []}]}',
    ],
)
def test_a_damaged_register_is_refused(home: Home, content: bytes) -> None:
    make_or_find(home, COHORT)
    (keys_folder(home) / "cohorts.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"register .* is damaged"):
        make_or_find(home, COHORT)


@pytest.mark.parametrize("key", ["", OTHER, KEY[:-1] + "1", 7, None])
def test_a_damaged_key_file_is_refused_without_its_content(home: Home, key: object) -> None:
    kept = import_key(home, COHORT, KEY)
    path = key_path(home, kept.fingerprint)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"key": key}))
    with pytest.raises(UsageError, match="key file is damaged") as refused:
        key_for(home, COHORT)
    assert refused.value.__cause__ is None
    assert OTHER not in f"{refused.value!r}{refused.value.remedy}"


def test_a_cohort_without_a_key_says_so(home: Home) -> None:
    with pytest.raises(NoKeyYet, match="no key yet"):
        key_for(home, COHORT)
    assert not keys_folder(home).exists()


def test_a_second_key_for_a_known_cohort_is_refused(home: Home) -> None:
    first = import_key(home, COHORT, KEY)
    with pytest.raises(SecondKey, match="would get a second identity") as refused:
        import_key(home, COHORT, OTHER)
    assert "--by PERSON --reason TEXT" in refused.value.remedy
    assert key_for(home, COHORT).text == first.text
    assert OTHER not in refused.value.what + refused.value.remedy


def test_the_same_key_in_capitals_is_a_second_key(home: Home) -> None:
    import_key(home, COHORT, KEY)
    with pytest.raises(SecondKey):
        import_key(home, COHORT, KEY.upper())


def test_a_second_key_that_a_person_explains_is_taken_and_the_first_stays(home: Home) -> None:
    first = import_key(home, COHORT, KEY)
    second = import_key(home, COHORT, OTHER, explained=EXPLAINED)
    entry = find_entry(home, COHORT)
    assert entry is not None
    assert entry.fingerprint == second.fingerprint
    (change,) = entry.earlier
    assert (change.fingerprint, change.person, change.reason) == (
        first.fingerprint,
        "A. Person",
        "the first key was for a rehearsal",
    )
    assert key_for(home, COHORT).text == OTHER
    assert look_up(home, first.fingerprint) == first.facts


def test_importing_the_cohorts_own_key_again_changes_nothing(home: Home) -> None:
    import_key(home, COHORT, KEY, PASSPHRASE)
    before = {p.name: p.read_bytes() for p in keys_folder(home).iterdir()}
    assert import_key(home, COHORT, KEY, explained=EXPLAINED).facts.is_protected
    assert {p.name: p.read_bytes() for p in keys_folder(home).iterdir()} == before


def test_a_protected_key_lies_nowhere_in_plain_text(home: Home) -> None:
    import_key(home, COHORT, KEY, PASSPHRASE)
    contents = [p.read_bytes() for p in keys_folder(home).iterdir()]
    assert len(contents) == 3
    assert not any(KEY.encode() in content for content in contents)
    assert key_for(home, COHORT, PASSPHRASE).text == KEY


def test_a_protected_key_needs_its_passphrase(home: Home) -> None:
    import_key(home, COHORT, KEY, PASSPHRASE)
    with pytest.raises(PassphraseNeeded, match="none was given"):
        key_for(home, COHORT)
    with pytest.raises(WrongPassphrase):
        make_or_find(home, COHORT, "correct horse batterie")


def test_a_passphrase_can_be_put_on_changed_and_taken_off(home: Home) -> None:
    import_key(home, COHORT, KEY)
    assert protect_key(home, COHORT, None, PASSPHRASE).facts.is_protected
    protect_key(home, COHORT, PASSPHRASE, "another long passphrase")
    with pytest.raises(WrongPassphrase):
        key_for(home, COHORT, PASSPHRASE)
    assert not protect_key(home, COHORT, "another long passphrase", None).facts.is_protected
    assert key_for(home, COHORT).text == KEY


def test_a_locked_key_moves_to_another_home_as_it_is_locked(home: Home, tmp_path: Path) -> None:
    kept = import_key(home, COHORT, KEY, PASSPHRASE)
    document = load_document(home, kept.fingerprint)
    other = Home.at(tmp_path / "other")
    with pytest.raises(WrongPassphrase):
        import_document(other, COHORT, document, "correct horse batterie")
    assert import_document(other, COHORT, document, PASSPHRASE).text == KEY
    assert load_document(other, kept.fingerprint) == document


def test_a_locked_key_cannot_be_passed_off_as_another(home: Home) -> None:
    """The box is bound to the fingerprint under which it lies."""
    one = import_key(home, COHORT, KEY, PASSPHRASE)
    two = import_key(home, COHORT, OTHER, PASSPHRASE, EXPLAINED)
    swapped = load_document(home, two.fingerprint)
    swapped["locked"] = load_document(home, one.fingerprint)["locked"]
    key_path(home, two.fingerprint).write_text(json.dumps(swapped))
    with pytest.raises(WrongPassphrase):
        key_for(home, COHORT, PASSPHRASE)


def test_nothing_that_is_shown_of_a_key_holds_it(home: Home) -> None:
    key = import_key(home, COHORT, KEY, PASSPHRASE)
    assert KEY not in f"{key!r} {key} {key.facts!r} {[key]!r} {find_entry(home, COHORT)!r}"
    assert pickle.loads(pickle.dumps(key)).text == KEY  # noqa: S301  (it goes to worker processes)
    complaints: list[TransferError] = []
    for passphrase in (None, "correct horse batterie"):
        with pytest.raises(UsageError) as refused:
            key_for(home, COHORT, passphrase)
        complaints.append(refused.value)
    assert KEY not in "".join(f"{c!r}{c.remedy}{c.__cause__!r}" for c in complaints)


@pytest.mark.parametrize("site_id", [None, "", "  "])
def test_a_missing_site_id_says_where_it_stands_and_whom_to_ask(site_id: str | None) -> None:
    order = Order("t", "upv", Path("/nowhere"), "BIO|SUB", site_id=site_id)
    with pytest.raises(UsageError, match="SITE ID missing: see your dashboard profile") as refused:
        require_site_id(order)
    assert "group dashboard" in refused.value.remedy
    assert "--site-id" in refused.value.remedy


def test_a_transfers_cohort_is_its_node_destination_and_site() -> None:
    order = Order("t", "upv", Path("/nowhere"), "BIO|SUB", site_id="SITE-001")
    assert cohort_of(order) == COHORT
    assert require_site_id(order) == "SITE-001"


@pytest.fixture
def ledger_path(home: Home, tmp_path: Path) -> Path:
    """The ledger of a transfer of the cohort that was de-identified with KEY."""
    (tmp_path / "source").mkdir()
    order = Order("t", "upv", tmp_path / "source", "BIO|SUB", site_id="SITE-001")
    path = make_transfer(home, order).ledger
    kept = import_key(home, COHORT, KEY)
    with Ledger.open(path) as ledger, ledger.transaction():
        ledger.write(
            "INSERT INTO deid_run (method, version, method_sha256, key_fingerprint, site_sha256,"
            " ingredients_sha256, clock, made_at_utc) VALUES ('', '', '', ?, '', '', '', '')",
            kept.fingerprint,
        )
    return path


def test_a_transfer_goes_on_with_the_key_it_began_with(home: Home, ledger_path: Path) -> None:
    with Ledger.open(ledger_path) as ledger:
        key, is_new = key_of_transfer(home, ledger)
    assert (key.text, is_new) == (KEY, False)


def test_a_transfer_whose_key_was_lost_with_the_register_gets_no_new_one(
    home: Home, ledger_path: Path
) -> None:
    keys_folder(home).rename(home.root / "away")
    with Ledger.open(ledger_path) as ledger, pytest.raises(KeyMissing):
        key_of_transfer(home, ledger)
    assert not keys_folder(home).exists()


def test_a_transfer_begun_with_a_key_that_the_cohort_never_had_is_refused(
    home: Home, ledger_path: Path
) -> None:
    keys_folder(home).rename(home.root / "away")
    import_key(home, COHORT, OTHER)
    with Ledger.open(ledger_path) as ledger, pytest.raises(SecondKey):
        key_of_transfer(home, ledger)


def test_a_transfer_goes_on_with_a_second_key_that_was_explained(
    home: Home, ledger_path: Path
) -> None:
    import_key(home, COHORT, OTHER, explained=EXPLAINED)
    with Ledger.open(ledger_path) as ledger:
        assert key_of_transfer(home, ledger)[0].text == OTHER
