"""Publishing by command: the gate and the name come before any request, on both nodes.

One story is told to both stand-ins, once; the tests look at what each of its commands came to.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.sandbox.hands import Hands
from adapters.sandbox.xnat.site import PROJECT
from tests.cli.at_step_ten import UPV, XNAT, Place, Told, at_step_ten, tell
from transfer.ledger.connection import Ledger
from transfer.legal.recording import withdraw_entry

LOCKED = (
    "eucaim-transfer: Publishing is locked: legal clearance is not recorded. Publishing is locked:"
    " DTA signature of the institution's legal representative missing. Publishing is locked: DTA"
    " signature of EUCAIM's Scientific Director missing."
)
METADATA = """\
description = "Lungs of nobody."
provenance = "Made for a test."
purpose = "To be tested with."
licenseTitle = "CC BY 4.0"
"""


class Story:
    """Commands on one place, each kept under a name. `there` is the level that the project had
    after some of them."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.told: dict[str, Told] = {}
        self.there: dict[str, str] = {}

    def tell(self, as_: str, *words: object) -> Told:
        self.told[as_] = told = tell(self.place, *words)
        return told


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    with at_step_ten(folder) as place:
        story = Story(place)
        _locked(story)
        for name in (UPV, XNAT):
            place.make_clear(name)
        _unconfirmed(story, folder)
        _on_upv(story, folder)
        _on_xnat(story)
        _at_a_terminal(story)
        for name in (UPV, XNAT):
            with Ledger.open(place.ledger(name)) as ledger:
                withdraw_entry(ledger, "clearance", "Ada Lund", "it was for another project")
            story.tell(f"{name} withdrawn", "publish", name, "--confirm", name)
        yield story


@pytest.fixture(scope="module")
def told(story: Story) -> Mapping[str, Told]:
    return story.told


def _locked(story: Story) -> None:
    story.tell("upv locked", "publish", UPV, "--confirm", UPV, "--wait", "3d")
    story.tell("xnat locked", "publish", XNAT, "--confirm", XNAT)
    public = ("--visibility", "public")
    story.tell("xnat locked public", "publish", XNAT, "--confirm", XNAT, *public)


def _unconfirmed(story: Story, folder: Path) -> None:
    faulty = folder / "faulty.toml"
    faulty.write_text('version = "a version that is too long"\ncolour = "blue"\n', "utf-8")
    for name in (UPV, XNAT):
        story.tell(f"{name} unconfirmed", "publish", name)
        story.tell(f"{name} misnamed", "publish", name, "--confirm", name.upper())
    story.tell("no level", "publish", UPV, "--confirm", UPV, "--visibility", "public")
    story.tell("no span", "publish", UPV, "--confirm", UPV, "--wait", "soon")
    story.tell("faulty", "publish", UPV, "--confirm", UPV, "--metadata", faulty)


def _on_upv(story: Story, folder: Path) -> None:
    place, metadata = story.place, folder / "metadata.toml"
    metadata.write_text(METADATA, "utf-8")
    story.tell("nothing there", "publish", UPV, "--confirm", UPV)
    place.export()
    place.let_pass()
    with Hands(place.sandbox.control_url, place.sandbox.ca_file) as hands:
        hands.publish_released()
    words = ("publish", UPV, "--confirm", UPV, "--json")
    story.tell("released", *words, "--metadata", metadata, "--by", "Ada Lund")
    story.tell("too short", *words, "--wait", "1s")
    for number in (signal.SIGINT, signal.SIGTERM):
        with _waiting(place, UPV) as process:
            process.send_signal(number)
            _, err = process.communicate(timeout=60)
        story.told[number.name] = Told(process.returncode, "", err, 0)
    with Hands(place.sandbox.control_url, place.sandbox.ca_file) as hands:
        hands.publish_released()
    story.tell("published", *words, "--wait", "3d")
    story.tell("status", "status", UPV, "--json")


@contextmanager
def _waiting(place: Place, name: str) -> Iterator[subprocess.Popen[str]]:
    """The command while it waits for the platform: it has told that the dataset is released."""
    words = ("publish", name, "--confirm", name, "--wait", "3d")
    with place.program.started(*words) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("released"):
                break
        yield process


def _on_xnat(story: Story) -> None:
    project = story.place.sandbox.xnat.archive.projects[PROJECT]
    words = ("publish", XNAT, "--confirm", XNAT, "--json")
    for as_, more in (("usual", ()), ("public", ("--visibility", "public")), ("back", ())):
        story.tell(f"xnat {as_}", *words, *more)
        story.there[as_] = project.accessibility


def _at_a_terminal(story: Story) -> None:
    words = ("publish", XNAT, "--visibility", "public")
    project = story.place.sandbox.xnat.archive.projects[PROJECT]
    for as_, typed in (
        ("another name", "somebody-else\n"),
        ("another project", f"{XNAT}\nOTHER\n"),
        ("typed twice", f"{XNAT}\n{PROJECT}\n"),
    ):
        story.told[as_] = tell(story.place, *words, typed=typed)
        story.there[as_] = project.accessibility


@pytest.mark.parametrize("which", ["upv locked", "xnat locked", "xnat locked public"])
def test_without_the_legal_record_publishing_ends_with_3_and_no_request_leaves(
    which: str, told: Mapping[str, Told]
) -> None:
    assert (told[which].code, told[which].requests) == (3, 0)
    assert told[which].err.splitlines()[0] == LOCKED


@pytest.mark.parametrize("name", [UPV, XNAT])
def test_a_record_that_was_withdrawn_locks_it_again(name: str, told: Mapping[str, Told]) -> None:
    assert (told[f"{name} withdrawn"].code, told[f"{name} withdrawn"].requests) == (3, 0)
    assert "legal clearance is not recorded" in told[f"{name} withdrawn"].err


@pytest.mark.parametrize("name", [UPV, XNAT])
@pytest.mark.parametrize("how", ["unconfirmed", "misnamed"])
def test_without_the_name_to_the_letter_it_ends_with_2_and_no_request_leaves(
    name: str, how: str, told: Mapping[str, Told]
) -> None:
    assert (told[f"{name} {how}"].code, told[f"{name} {how}"].requests) == (2, 0)
    assert "nothing was changed" in told[f"{name} {how}"].err


def test_a_visibility_that_the_node_does_not_have_is_refused(told: Mapping[str, Told]) -> None:
    assert (told["no level"].code, told["no level"].requests) == (2, 0)
    assert "Leave --visibility out." in told["no level"].err


def test_what_is_no_span_of_time_is_refused(told: Mapping[str, Told]) -> None:
    assert (told["no span"].code, told["no span"].requests) == (2, 0)
    assert "10m, 12h or 3d" in told["no span"].err


def test_every_fault_of_the_metadata_is_named_before_a_request_leaves(
    told: Mapping[str, Told],
) -> None:
    assert (told["faulty"].code, told["faulty"].requests) == (2, 0)
    assert "version: 26 characters, at most 16 are taken" in told["faulty"].err
    assert "colour: there is no such field" in told["faulty"].err


def test_without_a_dataset_the_guide_is_named(told: Mapping[str, Told]) -> None:
    assert told["nothing there"].code == 3
    assert f"eucaim-transfer dataset {UPV} --guide" in told["nothing there"].err


def test_the_only_new_draft_is_picked_up_filled_in_and_released(told: Mapping[str, Told]) -> None:
    assert told["released"].code == 0, str(told["released"])
    document = told["released"].document
    assert (document["stage"], document["origin"]) == ("released", "picked-up")
    values = {field["key"]: field["value"] for field in document["fields"]}
    assert values["description"] == ["Lungs of nobody."]
    assert values["licenseTitle"] == ["CC BY 4.0"]
    assert (document["studies"], document["subjects"]) == (2, 1)
    assert document["difference"]["is_fault"] is False


def test_who_releases_is_told_beforehand_that_it_cannot_be_taken_back(
    told: Mapping[str, Told],
) -> None:
    lines = told["released"].err.splitlines()
    assert lines[0] == "Releasing a dataset cannot be taken back."
    assert lines[1].startswith("Not to be changed from then on: Name, Version, Description")


def test_the_demos_platform_publishes_what_is_released_and_no_draft(
    told: Mapping[str, Told],
) -> None:
    """It was let look at the draft before the release, and once more after it."""
    assert told["released"].document["stage"] == "released"
    assert told["published"].document["stage"] == "published"


def test_a_wait_that_was_too_short_ends_with_3_and_loses_nothing(told: Mapping[str, Told]) -> None:
    assert told["too short"].code == 3
    assert told["too short"].document["stage"] == "released"
    assert "Nothing is lost: it is released." in told["too short"].err


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_a_wait_that_is_stopped_ends_with_130(number: str, told: Mapping[str, Told]) -> None:
    assert told[number].code == 130
    assert "Interrupted; nothing is lost." in told[number].err


def test_the_same_command_goes_on_and_sees_it_published(told: Mapping[str, Told]) -> None:
    assert told["published"].code == 0, str(told["published"])
    document = told["published"].document
    assert document["stage"] == "published"
    assert document["pids"]["doi"].startswith("https://doi.org/10.5072/")


def test_status_tells_what_became_of_it(told: Mapping[str, Told]) -> None:
    publication = told["status"].document["publication"]
    published = told["published"].document
    assert publication["stage"] == "published"
    assert publication["dataset"] == published["dataset"]
    assert publication["pids"] == published["pids"]
    assert publication["state"] == "waiting"


@pytest.mark.parametrize(
    ("which", "level"),
    [("usual", "protected"), ("public", "public"), ("back", "protected")],
)
def test_a_project_gets_the_level_that_was_asked_for_and_it_is_read_back(
    which: str, level: str, story: Story
) -> None:
    assert story.told[f"xnat {which}"].code == 0, str(story.told[f"xnat {which}"])
    assert story.told[f"xnat {which}"].document["visibility"] == level
    assert story.there[which] == level


def test_public_says_what_it_gives_away(told: Mapping[str, Told]) -> None:
    said = told["xnat public"].err
    assert "can look at, analyse and download all images and files of the project" in said
    assert "Taking it back does not bring back what was downloaded meanwhile." in said


def test_each_answer_is_one_document(told: Mapping[str, Told]) -> None:
    answers = [one.out for key, one in told.items() if key in ("released", "xnat public")]
    assert len(answers) == 2
    for answer in answers:
        assert len(answer.splitlines()) == 1
        json.loads(answer)


@pytest.mark.parametrize("which", ["another name", "another project"])
def test_another_name_typed_at_the_terminal_changes_nothing(which: str, story: Story) -> None:
    assert (story.told[which].code, story.told[which].requests) == (2, 0)
    assert "The name that was typed is another one; nothing was changed." in story.told[which].err
    assert story.there[which] == "protected"


def test_at_a_terminal_public_asks_for_the_name_and_then_for_the_project(story: Story) -> None:
    told = story.told["typed twice"]
    assert told.code == 0, str(told)
    asked = [line for line in told.err.splitlines() if "Type the transfer's name" in line]
    assert len(asked) == 1
    assert "And the project's name, SANDBOX, to give all that away:" in told.err
    assert story.there["typed twice"] == "public"
