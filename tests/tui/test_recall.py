"""A withdrawal by keys: the patient typed unseen, what went of them, the list and the ticket."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.recall.cohorts import KEY, add_patient, add_row
from tests.tui.driving import FixedDayApp, KnownSource, make_app, now, press, running, settle
from tests.tui.driving import screen_name as front
from tests.tui.driving import words as all_words
from tests.tui.ledgers import come_to_images, configure_upv
from tests.tui.test_pictures import SnapCompare
from transfer.deid.keys.seal import Seal
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import Names
from transfer.ledger.order import Order, write_order
from transfer.workspace import Home
from tui.app import TransferApp

NAME = "lung-2024"
ADA, EVE = "HOSP-0012", "HOSP-12"


def make_cohort(home: Home, deid: str | None) -> None:
    """Two patients whose IDs look alike; of the first one Study went, of three instances two, and
    a row of the table is theirs."""
    configure_upv(home)
    workspace = home.new_workspace(NAME)
    with Ledger.create(workspace.ledger) as ledger:
        order = Order(NAME, "upv", Path("/data/export/lung"), "EUCAIM-LUNG|BATCH-1", deid=deid)
        write_order(ledger, order)
        if deid:
            ledger.names = Names(Seal(KEY))
        ada = add_patient(ledger, ADA, ("verified", "sent", "excluded"), name="LOVELACE^ADA")
        add_patient(ledger, EVE, ("verified",), name="LOVELACE^EVE")
        add_row(ledger, ADA, ada.row)
    come_to_images(workspace)


@pytest.fixture
def app(home: Home, monkeypatch: pytest.MonkeyPatch) -> TransferApp:
    """The app at the journey of a transfer that de-identified, and whose key can be opened."""
    make_cohort(home, "eucaim")
    monkeypatch.setattr("tui.recalling.names_of", lambda home, ledger: Names(Seal(KEY)))
    return make_app(home, NAME)


def words(app: TransferApp) -> str:
    """What the screen says, as one line."""
    return " ".join(all_words(app).split())


async def look_up(pilot: Pilot[Any], name: str) -> None:
    await press(pilot, "p", *name, "enter")


async def test_what_went_of_a_patient_is_listed_and_nobody_elses(app: TransferApp) -> None:
    async with running(app) as pilot:
        await press(pilot, "w")
        assert front(app) == "RecallScreen"
        await look_up(pilot, ADA)
        assert "P1, found by the Patient ID." in words(app)
        assert "Subject EUCAIM-00001" in words(app)
        assert "Went 1 Study, 1 Series, 2 instances" in words(app)
        assert "Stayed instances: 1 left out" in words(app)
        assert "S1 Study, 1 Series 1 verified, 1 sent" in words(app)
        assert "E1 Series, 2 instances" in words(app)
        assert "R1 Row of a clinical table" in words(app)
        assert "Study Instance UID 2.25.1" in words(app)
        assert "S2" not in words(app)


async def test_a_pseudonym_finds_the_same(app: TransferApp) -> None:
    async with running(app) as pilot:
        await press(pilot, "w")
        await look_up(pilot, "EUCAIM-00001")
        assert "P1, found by the pseudonym." in words(app)
        assert "S1 Study" in words(app)


async def test_who_looks_alike_is_named_and_not_taken(app: TransferApp) -> None:
    async with running(app) as pilot:
        await press(pilot, "w")
        await look_up(pilot, ADA)
        assert "! Looks alike, and is not taken: P2 (but for leading zeros)." in words(app)


async def test_nobody_is_found_by_what_only_looks_alike(app: TransferApp) -> None:
    async with running(app) as pilot:
        await press(pilot, "w")
        await look_up(pilot, "hosp-0012")
        assert front(app) == "FailureScreen"
        assert "Nobody of this transfer has that Patient ID or pseudonym" in words(app)
        assert "hosp-0012" not in words(app)
        await press(pilot, "enter")
        assert "Nobody was looked up yet." in now(app)


async def test_what_is_typed_is_neither_shown_nor_kept(app: TransferApp, home: Home) -> None:
    async with running(app) as pilot:
        await press(pilot, "w", "p", *ADA)
        assert ADA not in app.export_screenshot()
        await press(pilot, "enter")
        assert ADA not in app.export_screenshot()
        await press(pilot, "p")
        assert ADA not in app.export_screenshot()
    with Ledger.open(home.workspace(NAME).ledger, read_only=True) as ledger:
        told = [str(row) for row in ledger.rows("SELECT * FROM event")]
    assert any("It was asked what went of P1" in row for row in told)
    assert not any(ADA in row for row in told)


async def test_the_ticket_of_the_withdrawal_opens_without_an_original_identifier(
    app: TransferApp,
) -> None:
    async with running(app) as pilot:
        await press(pilot, "w")
        await look_up(pilot, ADA)
        assert "The withdrawal's ticket is composed; nothing was sent." in now(app)
        await press(pilot, "t")
        assert front(app) == "TicketScreen"
        assert "EUCAIM-00001" in words(app)
        assert ADA not in words(app)
        assert "LOVELACE" not in words(app)


async def test_the_list_of_everything_is_saved_for_this_account_alone(
    app: TransferApp, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    async with running(app) as pilot:
        await press(pilot, "w")
        await look_up(pilot, ADA)
        await press(pilot, "s", "ctrl+u", *str(file), "enter")
        assert "The list is saved" in words(app)
    with file.open(newline="") as opened:
        lines = list(csv.DictReader(opened))
    assert [line["sop_instance_uid"] for line in lines] == ["2.25.1.1.0", "2.25.1.1.1"]
    assert ADA not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


async def test_where_files_went_as_they_are_the_subject_is_shown_by_a_key_alone(
    home: Home,
) -> None:
    make_cohort(home, None)
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "w")
        await look_up(pilot, ADA)
        assert "Subject as in the files, which went as they are" in words(app)
        assert ADA not in words(app)
        await press(pilot, "i")
        assert f"Subject {ADA}" in words(app)
        await press(pilot, "escape", "w")
        assert ADA not in words(app)


async def test_without_the_key_it_says_how_to_ask(home: Home) -> None:
    make_cohort(home, "eucaim")
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "w")
        await look_up(pilot, ADA)
        assert "The cohort's key cannot be opened here" in words(app)
        assert "eucaim-transfer recall lung-2024 -" in words(app)


async def test_where_a_name_means_two_it_is_asked_which(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_cohort(home, "eucaim")
    monkeypatch.setattr("tui.recalling.names_of", lambda home, ledger: Names(Seal(KEY)))
    with Ledger.open(home.workspace(NAME).ledger) as ledger:
        ledger.names = Names(Seal(KEY))
        add_patient(ledger, "EUCAIM-00001", ("verified",))
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "w")
        await look_up(pilot, "EUCAIM-00001")
        assert "Which of the two is meant?" in words(app)
        await press(pilot, "down", "enter")
        assert "P1, found by the pseudonym." in words(app)


# Pictures -----------------------------------------------------------------------------------


class PictureSource(KnownSource):
    def start_folder(self) -> Path:
        return Path("/data/export")


PICTURES = {
    "before": ("w",),
    "asked": ("w", "p", *"1234"),
    "found": ("w", "p", *ADA, "enter"),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_page_looks_as_it_did(
    name: str,
    size: tuple[int, int],
    home: Home,
    snap_compare: SnapCompare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_cohort(home, "eucaim")
    monkeypatch.setattr("tui.recalling.names_of", lambda home, ledger: Names(Seal(KEY)))
    app = FixedDayApp(home, NAME, source=PictureSource(home))

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, *PICTURES[name])

    assert snap_compare(app, terminal_size=size, run_before=go)
