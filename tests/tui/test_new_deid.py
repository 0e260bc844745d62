"""Making a transfer, step 4: the way to de-identify, its SITE ID or script, and its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.driving import crumbs, keys, make_app, now, press, running, words
from tests.tui.driving import screen_name as front
from transfer.deid.keys.cohort import make_or_find
from transfer.deid.keys.register import Cohort, find_entry
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, read_order, write_order
from transfer.method_files import load_method_files
from transfer.workspace import Home
from tui.screens.new_deid import ways
from tui.widgets.rows import Rows

# To the choice on a node that requires de-identified images, and on one that does not.
STRICT = ("n", "down", "enter", "enter", *"LUNG", "enter")
AS_IS = ("n", "enter", "enter", "enter")
SCRIPT = '<script>\n<e en="T" t="00100010" n="PatientName">@remove()</e>\n</script>\n'


@pytest.fixture(autouse=True)
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The account's own folder, where the walk to the images begins."""
    folder = tmp_path / "account"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def chosen(home: Home, name: str) -> Order:
    """The order as it was recorded."""
    with Ledger.open(home.workspace(name).ledger) as ledger:
        return read_order(ledger)


async def test_the_default_is_eucaim_where_the_node_requires_deidentified_images(
    home: Home,
) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT)
        assert "4 of 6" in crumbs(app)
        assert app.screen.query_one(Rows).key == "eucaim"
        line = next(line for line in words(app).splitlines() if "EUCAIM profile" in line)
        assert line.endswith("usual here")


async def test_the_default_is_none_where_the_node_takes_images_as_they_are(home: Home) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *AS_IS)
        assert app.screen.query_one(Rows).key == "none"
        assert "This node takes images as they are." in words(app)


def test_each_way_is_told_in_one_line_that_fits_80_columns() -> None:
    """Two cells of margin left and right."""
    told = [way.meaning for required in (True, False) for way in ways(required=required)]
    assert len(told) == 8
    assert max(map(len, told)) <= 76


async def test_a_profile_asks_for_the_site_id_and_says_where_it_stands(home: Home) -> None:
    """DID-10."""
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "enter")
        assert front(app) == "SiteIdScreen"
        assert "your profile on the EUCAIM dashboard" in words(app)
        assert 'ticket to the group "dashboard"' in " ".join(words(app).split())
        await press(pilot, "enter")
        assert "SITE ID missing" in words(app)
        assert front(app) == "SiteIdScreen"
        await press(pilot, *" SITE-001 ", "enter")
        assert front(app) == "NameScreen"
        await press(pilot, "enter")
        assert "by the profile eucaim" in words(app)
        assert "SITE-001" in words(app)
        await press(pilot, "enter")
    order = chosen(home, "strict-2026-03-14")
    assert (order.deid, order.site_id) == ("eucaim", "SITE-001")


async def test_the_site_id_of_the_last_transfer_is_suggested(home: Home) -> None:
    workspace = home.new_workspace("earlier")
    with Ledger.create(workspace.ledger) as ledger:
        write_order(
            ledger, Order("earlier", "strict", Path("/data"), "", site_id="SITE-7", deid="lethe")
        )
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "down", "enter")
        assert app.screen.query_one("#site-id").value == "SITE-7"  # type: ignore[attr-defined]
        assert "is suggested" in now(app)
        await press(pilot, "enter", "enter")
        assert "by the profile lethe" in words(app)


async def test_a_typed_site_id_takes_the_place_of_the_suggested_one(home: Home) -> None:
    """Appended to it, it would be the SITE ID of nobody, and another cohort's key."""
    workspace = home.new_workspace("earlier")
    with Ledger.create(workspace.ledger) as ledger:
        write_order(
            ledger, Order("earlier", "strict", Path("/data"), "", site_id="SITE-7", deid="lethe")
        )
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "down", "enter")
        assert app.screen.query_one("#site-id").value == "SITE-7"  # type: ignore[attr-defined]
        await press(pilot, "S", "1")
        assert app.screen.query_one("#site-id").value == "S1"  # type: ignore[attr-defined]


async def test_a_cohort_without_a_key_is_told_what_that_means(home: Home) -> None:
    """What losing it means, and that an earlier one has to be brought in first."""
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "enter", *"SITE-001", "enter", "enter")
        told = " ".join(words(app).split())
        assert "This cohort has no key yet; the first review, check or upload makes one." in told
        assert "can never be linked to these patients again: keep a copy" in told
        assert (
            "bring the key that was used before anything else: eucaim-transfer key import" in told
        )


async def test_a_known_cohort_shows_its_key_by_fingerprint_and_no_warning(home: Home) -> None:
    key, is_new = make_or_find(home, Cohort("strict", "LUNG", "SITE-001"))
    assert is_new
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "enter", *"SITE-001", "enter", "enter")
        assert f"fingerprint {key.fingerprint}" in words(app)
        assert "no key yet" not in words(app)
        assert key.text not in words(app)


async def test_who_answers_is_asked_only_where_files_go_as_they_are(home: Home) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "enter", *"SITE-001", "enter", "enter")
        assert "Answer for it" not in keys(app)
        await press(pilot, "escape", "escape", "escape", "end", "enter", "enter")
        assert "Answer for it" in keys(app)


async def test_a_word_given_for_files_as_they_are_does_not_stay_with_another_way(
    home: Home,
) -> None:
    """The waiver is said of one choice; going back and choosing a profile drops it."""
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "end", "enter", "enter", "a", *"phantom", "enter")
        await press(pilot, *"Ada B", "enter", "escape", "escape", "home", "enter")
        await press(pilot, *"S1", "enter", "enter")
        assert "Ada B" not in words(app)


async def test_a_script_that_is_not_there_is_refused_before_anything_is_made(home: Home) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "down", "down", "enter", *"/no/such.script", "enter")
        assert front(app) == "ScriptScreen"
        assert "cannot be read" in words(app)
        assert "No such" in words(app)
        assert "Nothing was changed or sent." in words(app)
    assert home.names() == []


async def test_a_script_that_cannot_be_honoured_is_refused_with_its_line(
    home: Home, account: Path
) -> None:
    (account / "anon.script").write_text(SCRIPT.replace("00100010", "0010zz10"))
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "down", "down", "enter", *f"{account}/anon.script", "enter")
        assert front(app) == "ScriptScreen"
        assert "line 2" in words(app)
        assert "That script cannot be used." in now(app)
    assert home.names() == []


async def test_a_script_that_can_be_honoured_becomes_the_method_of_the_transfer(
    home: Home, account: Path
) -> None:
    (account / "anon.script").write_text(SCRIPT)
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "down", "down", "enter", *f"{account}/anon.script", "enter")
        assert front(app) == "NameScreen"
        await press(pilot, "enter")
        assert "by the CTP script" in words(app)
        await press(pilot, "enter")
        assert front(app) == "JourneyScreen"
    workspace = home.workspace("strict-2026-03-14")
    assert chosen(home, workspace.name).deid == "script"
    with Ledger.open(workspace.ledger) as ledger:
        kept = load_method_files(workspace.folder, ledger).script
    assert kept == ("anon.script", SCRIPT.encode())


async def test_what_a_script_surely_does_not_mean_stands_in_the_summary(
    home: Home, account: Path
) -> None:
    (account / "anon.script").write_text(
        '<script>\n<e en="T" t="00081030" n="d">@foo(this)</e>\n</script>'
    )
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "down", "down", "enter", *f"{account}/anon.script", "enter")
        await press(pilot, "enter")
        assert "! anon.script, line 2: there is no function @foo" in " ".join(words(app).split())


async def test_making_a_transfer_makes_no_key_so_that_an_earlier_one_can_be_brought_in(
    home: Home,
) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "enter", *"S1", "enter", "enter", "enter")
        assert front(app) == "JourneyScreen"
    assert find_entry(home, Cohort("strict", "LUNG", "S1")) is None


async def test_tab_completes_the_path_of_a_script(home: Home, account: Path) -> None:
    (account / "anon.script").write_text(SCRIPT)
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, *STRICT, "down", "down", "enter", *f"{account}/an", "tab")
        entry = app.screen.query_one("#script")
        assert entry.value == f"{account}/anon.script"  # type: ignore[attr-defined]
