"""The prearchive's states and timer, under a clock that the test moves."""

from __future__ import annotations

import pytest

from adapters.sandbox.server import Options, Sandbox
from adapters.sandbox.xnat.site import SiteOptions
from tests.sandbox.xnat.made import Clock, Walk, client, ct, series, zipped


async def test_a_row_receives_until_it_is_built(walk: Walk) -> None:
    await walk.send(series("a"))
    assert await walk.states() == ["RECEIVING"]
    await walk.build()
    assert await walk.states() == ["READY"]


async def test_scans_are_404_while_receiving(walk: Walk) -> None:
    await walk.send(series("a", "b"))
    url = (await walk.rows())[0]["url"]
    before = await walk.http.get(f"/data{url}/scans?format=json")
    await walk.build()
    after = await walk.http.get(f"/data{url}/scans?format=json")
    assert before.status_code == 404
    assert [scan["ID"] for scan in after.json()["ResultSet"]["Result"]] == ["1"]
    counted = await walk.http.get(f"/data{url}/scans/1/resources?format=json")
    assert counted.json()["ResultSet"]["Result"][0]["file_count"] == "2"


async def test_one_row_for_each_project_study_and_label(walk: Walk) -> None:
    await walk.send(series("a"))
    await walk.send(series("b"))
    await walk.send(series("c"), EXPT_LABEL="E2")
    await walk.send(series("d", study="other"))
    assert [row["name"] for row in await walk.rows()] == ["E1", "E2", "E1"]


async def test_objects_join_a_ready_row_and_it_receives_again(walk: Walk) -> None:
    await walk.send(series("a"))
    await walk.build()
    await walk.send(series("b"))
    assert await walk.states() == ["RECEIVING"]


async def test_five_idle_minutes_build_and_archive(walk: Walk, clock: Clock) -> None:
    await walk.send(series("a"), prevent_auto_commit="")
    clock.pass_(299)
    assert await walk.states() == ["RECEIVING"]
    clock.pass_(61)
    assert await walk.states() == []
    assert [scan["ID"] for scan in await walk.scans()] == ["1"]


async def test_a_project_with_code_0_keeps_the_built_row(walk: Walk, clock: Clock) -> None:
    await walk.http.put("/data/projects/SANDBOX/prearchive_code/0")
    await walk.send(series("a"), prevent_auto_commit="")
    clock.pass_(400)
    assert await walk.states() == ["READY"]


@pytest.mark.parametrize("mark", [{"prevent_auto_commit": "true"}, {"SOURCE": "uploader"}])
async def test_the_timer_leaves_marked_rows_alone(
    walk: Walk, clock: Clock, mark: dict[str, str]
) -> None:
    await walk.send(series("a"), **{"prevent_auto_commit": "", **mark})
    clock.pass_(86_400)
    assert await walk.states() == ["RECEIVING"]


async def test_a_pause_splits_a_session_and_the_rest_conflicts(walk: Walk, clock: Clock) -> None:
    await walk.send(series("a"), prevent_auto_commit="")
    clock.pass_(400)
    await walk.send(series("b"), prevent_auto_commit="")
    clock.pass_(400)
    assert await walk.states() == ["CONFLICT"]


async def test_with_code_5_the_rest_is_merged(walk: Walk, clock: Clock) -> None:
    await walk.http.put("/data/projects/SANDBOX/prearchive_code/5")
    for name in ("a", "b"):
        await walk.send(series(name), prevent_auto_commit="")
        clock.pass_(400)
    assert await walk.states() == []
    assert (await walk.catalog("1")).count("<cat:entry ") == 2


async def test_the_length_of_the_timer_can_be_set(clock: Clock) -> None:
    options = SiteOptions(clock=clock, sweep_s=1, idle_s=2)
    async with Sandbox(Options(xnat=options)) as node, client(node) as http:
        walk = Walk(http)
        await walk.send(series("a"), prevent_auto_commit="")
        clock.pass_(3)
        assert await walk.states() == []


async def test_a_locked_row_gets_a_second_one_beside_it(node: Sandbox, walk: Walk) -> None:
    await walk.send(series("a"))
    node.fault("xnat:second-row,times=1")
    await walk.send(series("b"))
    rows = await walk.rows()
    assert [row["status"] for row in rows] == ["_BUILDING", "RECEIVING"]
    assert len({row["tag"] for row in rows}) == 1
    assert len({row["timestamp"] for row in rows}) == 2


async def test_a_locked_row_is_refused_and_later_ready(
    node: Sandbox, walk: Walk, clock: Clock
) -> None:
    await walk.send(series("a"))
    node.fault("xnat:second-row=5,times=1")
    await walk.send(series("b"))
    assert (await walk.archive()).status_code == 403
    clock.pass_(5)
    assert (await walk.states())[0] == "READY"


async def test_two_series_of_one_number_stay_apart(walk: Walk) -> None:
    await walk.send(zipped({"1": ct("a"), "2": ct("b", uid_of="another"), "3": ct("c", series=2)}))
    await walk.build()
    url = (await walk.rows())[0]["url"]
    scans = await walk.http.get(f"/data{url}/scans?format=json")
    assert [s["ID"] for s in scans.json()["ResultSet"]["Result"]] == ["1", "1-CT1", "2"]


async def test_a_commit_with_auto_archive_moves_on_by_301(walk: Walk) -> None:
    await walk.send(series("a"))
    url = (await walk.rows())[0]["url"]
    answer = await walk.http.post(f"/data{url}?action=commit&AA=true")
    archived = "/data/archive/projects/SANDBOX/subjects/S1/experiments/E1"
    assert (answer.status_code, answer.text) == (301, archived)


async def test_a_deleted_row_is_gone_with_its_files(walk: Walk, node: Sandbox) -> None:
    await walk.send(series("a"))
    url = (await walk.rows())[0]["url"]
    (file,) = node.xnat.waiting_objects().values()
    assert (await walk.http.delete(f"/data{url}")).status_code == 200
    assert (await walk.rows(), file.path.exists()) == ([], False)


async def test_the_newer_line_builds_and_archives_as_dest_says(walk: Walk) -> None:
    ready = await walk.send(series("a"), dest="/prearchive/projects/SANDBOX")
    assert await walk.states() == ["READY"]
    target = "/archive/projects/SANDBOX/subjects/S9/experiments/E9"
    done = await walk.send(series("b", study="b"), SUBJECT_ID="", EXPT_LABEL="", dest=target)
    assert ready.text.startswith("/data/prearchive/projects/SANDBOX/")
    assert done.text == f"/data{target}\r\n"


async def test_the_older_line_uses_the_project_of_dest_only(clock: Clock) -> None:
    options = SiteOptions(clock=clock, line="1.8")
    async with Sandbox(Options(xnat=options)) as node, client(node) as http:
        walk = Walk(http)
        target = "/archive/projects/SANDBOX/subjects/S9/experiments/E9"
        changes = {"project": "SANDBOX", "PROJECT_ID": "", "SUBJECT_ID": "", "EXPT_LABEL": ""}
        answer = await walk.send(series("a"), dest=target, **changes)
        assert answer.text.startswith("/data/prearchive/projects/SANDBOX/")
        assert [(r["status"], r["name"]) for r in await walk.rows()] == [("RECEIVING", "SUBJ-001")]


async def test_the_older_line_ignores_lower_case_labels(clock: Clock) -> None:
    options = SiteOptions(clock=clock, line="1.8")
    async with Sandbox(Options(xnat=options)) as node, client(node) as http:
        changes = {"project": "SANDBOX", "session": "E1", "PROJECT_ID": "", "EXPT_LABEL": ""}
        answer = await Walk(http).send(series("a"), **changes)
    assert answer.text.startswith("/data/prearchive/projects/Unassigned/")


async def test_labels_are_cleaned(walk: Walk) -> None:
    await walk.send(series("a"), SUBJECT_ID="S 1/ä", EXPT_LABEL="E.1")
    (row,) = await walk.rows()
    assert (row["subject"], row["name"]) == ("S_1__", "E_1")
