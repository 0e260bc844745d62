"""The upload of clinical data by keys, to running stand-ins of both nodes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.engine.bench import TRANSFER
from tests.engine.clinical_bench import ClinicalBench, Kind, clinical_bench
from tests.tui.driving import FixedDayApp, crumbs, keys, now, press, running, settle, words
from tests.tui.driving import screen_name as front
from tests.tui.driving import until as seen
from tests.tui.ledgers import set_runner
from tests.tui.tabled import NAME, TO_STEP_9, ClinicalSource, make_tabled, rename_table, table_text
from tests.tui.tabled import table_rows as rows_of
from tests.tui.test_clinical_pictures import SnapCompare
from transfer.clinical.leaving import ClinicalWay
from transfer.clinical.outgoing.going import WhyRow
from transfer.clinical.standing import BY_HAND
from transfer.ledger.clinical_items import (
    Made,
    begin_making,
    finish_making,
    keep_way,
    record_differs,
    record_failed,
    record_made,
    record_verified,
    subjects_of,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.steps import set_step
from transfer.values import StepState
from transfer.workspace import Home
from tui.app import TransferApp
from tui.clinical_sending import Plan
from tui.source import Launch, Source, Until
from tui.widgets.painted import Painted

BOTH: tuple[Kind, ...] = ("upv", "xnat")
TO_UPLOAD = (*TO_STEP_9, "u")
DONE = "The clinical data are on the node."


def facts(app: TransferApp) -> str:
    return " ".join(app.screen.query_one("#facts", Painted).words.split())


def overall(app: TransferApp) -> str:
    return " ".join(app.screen.query_one("#overall", Painted).words.split())


class BenchSource(Source):
    """The engine itself, but the process that starts the detached runner ends, as a shell's does:
    one in here would have to be waited for."""

    def __init__(self, bench: ClinicalBench) -> None:
        super().__init__(Home.at(bench.program.home))
        self._bench = bench

    def launch(self, name: str, until: Until, password: str | None) -> Launch:
        assert until == "clinical"
        ran = self._bench.clinical("--detach")
        assert ran.code == 0, str(ran)
        return Launch("a session of its own", True)


def app_at(bench: ClinicalBench) -> TransferApp:
    """The app as an operator of that bench starts it."""
    source = BenchSource(bench)
    return TransferApp(source.home, TRANSFER, source=source)


@pytest.mark.parametrize("kind", BOTH)
async def test_what_goes_where_is_told_and_enter_sends_it_until_all_is_read_back(
    tmp_path: Path, kind: Kind
) -> None:
    with clinical_bench(tmp_path, kind) as at:
        app = app_at(at)
        async with running(app) as pilot:
            await press(pilot, *TO_UPLOAD)
            await seen(pilot, lambda: "Nothing has been sent yet." in now(app))
            assert front(app) == "ClinicalUploadScreen"
            assert "5 subjects · 5 rows · 1 table" in facts(app)
            assert "Stays nothing" in facts(app)
            assert "a document for each subject" in facts(app)
            assert ("whole tables" in facts(app)) is (kind == "xnat")
            assert not at.sends()
            await press(pilot, "enter")
            await seen(pilot, lambda: DONE in now(app))
            assert "5 of 5 subjects sent" in overall(app)
            assert "✓ done" in crumbs(app)
            assert "Start" not in keys(app)
        assert set(at.sends().values()) == {1}
        assert sorted(at.held()) == ["PT001", "PT002", "PT003", "PT004", "PT005"]


@pytest.mark.parametrize("kind", BOTH)
async def test_a_refused_subject_is_listed_with_key_row_and_reason_and_goes_again_by_a_key(
    tmp_path: Path, kind: Kind
) -> None:
    with clinical_bench(tmp_path, kind) as at:
        app = app_at(at)
        at.refuse("PT003")
        async with running(app) as pilot:
            await press(pilot, *TO_UPLOAD, "enter")
            await seen(pilot, lambda: "1 of" in words(app) and "did not arrive" in words(app))
            assert "✗ 1 refused" in overall(app)
            told = " ".join(words(app).split())
            assert "✗ refused P3 row 4" in told
            assert "P3 (R4, row 4 of its file):" in told
            assert "PT003" not in told
            at.sandbox.faults.clear()
            await press(pilot, "u")
            await seen(pilot, lambda: DONE in now(app))
            assert "Nothing was refused." in words(app)
        assert len(at.held()) == 5


async def test_other_data_on_the_node_are_written_over_only_after_asking(tmp_path: Path) -> None:
    with clinical_bench(tmp_path, "upv", patients=3) as at:
        app = app_at(at)
        assert at.clinical().code == 0
        at.change_comment("PT002", "seen twice")
        async with running(app) as pilot:
            await press(pilot, *TO_STEP_9, "c", "u")
            await seen(pilot, lambda: "goes on" in now(app))
            await press(pilot, "enter")
            await seen(pilot, lambda: "The node has other data" in now(app))
            assert "1 subject is on the node with other data" in " ".join(words(app).split())
            await press(pilot, "o")
            assert "Write over the data of 1 subject" in words(app)
            await press(pilot, "enter")
            assert "seen twice" not in at.held()["PT002"]
            await press(pilot, "o", "right", "enter")
            await seen(pilot, lambda: DONE in now(app))
        assert "seen twice" in at.held()["PT002"]


async def test_leaving_does_not_stop_it_and_coming_back_shows_it_live(tmp_path: Path) -> None:
    with clinical_bench(tmp_path, "upv", patients=8, max_concurrency=1) as at:
        app = app_at(at)
        at.sandbox.faults.add("eform:latency=400")
        async with running(app) as pilot:
            await press(pilot, *TO_UPLOAD, "enter")
            await seen(pilot, lambda: "Sending the clinical data" in now(app))
            assert "Pause" in keys(app)
            await press(pilot, "p")
            await seen(pilot, lambda: "Paused." in now(app))
            await press(pilot, "r", "escape")
            assert front(app) == "ClinicalScreen"
        again = app_at(at)
        async with running(again) as pilot:
            assert front(again) == "ClinicalUploadScreen"
            await seen(pilot, lambda: "Sending the clinical data" in now(again))
            assert "of 8 subjects sent" in overall(again)
            at.sandbox.faults.clear()
            await seen(pilot, lambda: DONE in now(again))
        assert set(at.sends().values()) == {1}


async def test_a_stopped_upload_goes_on_where_it_was(tmp_path: Path) -> None:
    with clinical_bench(tmp_path, "upv", patients=8, max_concurrency=1) as at:
        app = app_at(at)
        at.sandbox.faults.add("eform:latency=400")
        async with running(app) as pilot:
            await press(pilot, *TO_UPLOAD, "enter")
            await seen(pilot, lambda: "Sending the clinical data" in now(app))
            await press(pilot, "s", "right", "enter")
            await seen(pilot, lambda: "goes on; what is there is not sent again" in now(app))
            at.sandbox.faults.clear()
            await press(pilot, "u")
            await seen(pilot, lambda: DONE in now(app))
        assert set(at.sends().values()) == {1}
        assert len(at.held()) == 8


async def test_a_hand_over_shows_folder_and_place_and_records_a_persons_word(
    tmp_path: Path,
) -> None:
    with clinical_bench(tmp_path, "upv", patients=3, clinical_mode="handover") as at:
        app = app_at(at)
        async with running(app, (120, 40)) as pilot:
            await press(pilot, *TO_UPLOAD)
            await seen(pilot, lambda: "Nothing leaves by itself." in now(app))
            await press(pilot, "enter")
            await seen(pilot, lambda: "Upload these tables by hand" in now(app))
            folder = at.program.home / "transfers" / TRANSFER / "handover" / "clinical"
            assert (folder / "t_clinical.csv").is_file()
            shown = "".join(app.screen.query_one("#facts", Painted).words.split())
            assert "".join(str(folder).split()) in shown
            await press(pilot, "h", "right", "enter", *"Ada", "enter")
            await seen(pilot, lambda: DONE in now(app))
        assert at.step("clinical")["person"] == "Ada"


async def test_nothing_can_be_sent_before_the_images_are_verified(tmp_path: Path) -> None:
    with clinical_bench(tmp_path, "upv", patients=2, sent=False) as at:
        app = app_at(at)
        at.program.good("scan", TRANSFER)
        async with running(app) as pilot:
            await press(pilot, *TO_UPLOAD)
            await seen(pilot, lambda: "images are verified" in now(app))
            assert "Start" not in keys(app)
            await press(pilot, "enter")
            assert front(app) == "ClinicalUploadScreen"
        assert not at.sends()


# Pictures -----------------------------------------------------------------------------------


def arrived(home: Home, folder: Path) -> None:
    """The images are on the node; of the clinical data nothing has gone."""
    rows = rows_of(12)[:12]
    for row in rows:
        row[2], row[4], row[5], row[12] = "Female", "2021-02-11", "61.5", ""
    workspace = make_tabled(home, folder, table_text(rows))
    rename_table(workspace)
    with Ledger.open(workspace.ledger) as ledger:
        with ledger.transaction():
            ledger.write("UPDATE instance SET state = 'verified'")
        set_step(ledger, "upload", StepState.DONE, "Every one is on the node.")
    set_runner(workspace, pid=None, exit_code=0)


def refused(home: Home, folder: Path) -> None:
    """Of twelve subjects two were refused, and of one the node has other data."""
    arrived(home, folder)
    with Ledger.open(home.workspace(NAME).ledger) as ledger:
        keep_way(ledger, "subject")
        begin_making(ledger)
        record_made(
            ledger,
            [Made("subject", n, "", f"{n:064}", 900, first_row=n + 1) for n in range(1, 13)],
        )
        finish_making(ledger)
        for item in subjects_of(ledger, range(1, 13)).values():
            if item.patient in (3, 9):
                record_failed(ledger, item.row, "The eForm does not fit the project's template.")
            elif item.patient == 5:
                record_differs(ledger, item.row, "Other data lie there.")
            else:
                record_verified(ledger, item.row)
        detail = "2 of 12 did not arrive: P3 (R4), P9 (R10). Of 1 the node has other data."
        set_step(ledger, "clinical", StepState.BLOCKED, detail)


def handed(home: Home, folder: Path) -> None:
    """The checked table waits for a person's hands."""
    arrived(home, folder)
    with Ledger.open(home.workspace(NAME).ledger) as ledger:
        keep_way(ledger, BY_HAND, UPLOAD_AT)
        detail = "1 checked table lies in the hand-over folder."
        set_step(ledger, "clinical", StepState.WAITING, detail, evidence="SHA-256 ab12…")


UPLOAD_AT = "Open https://qpinsights.example.org/cases/subjects and upload the table there."
PLAN = Plan(
    ("lung-2024_clinical.csv",),
    12,
    12,
    ((WhyRow.UNLINKED, 3), (WhyRow.KEPT_BACK, 1)),
    2,
    True,
    ClinicalWay(by_subject=True, by_file=True),
    None,
    Path("/srv/eucaim/transfers/lung-2024/handover/clinical"),
)
BY_HANDS = replace(PLAN, way=ClinicalWay(by_hand=UPLOAD_AT))
PICTURES = {
    "before": (arrived, PLAN, ()),
    "refused": (refused, PLAN, ()),
    "overwrite": (refused, PLAN, ("o",)),
    "by-hand": (handed, BY_HANDS, ()),
    "help": (refused, PLAN, ("question_mark",)),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_page_looks_as_it_did(
    name: str,
    size: tuple[int, int],
    home: Home,
    tmp_path: Path,
    snap_compare: SnapCompare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare, plan, pressed = PICTURES[name]
    prepare(home, tmp_path / "data")
    app = FixedDayApp(home, NAME, source=ClinicalSource(home))
    monkeypatch.setattr(app.source.clinical_sending, "plan", lambda transfer: plan)

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, *TO_UPLOAD, *pressed)

    assert snap_compare(app, terminal_size=size, run_before=go)
