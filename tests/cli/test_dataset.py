"""Everything of step 10 that needs nobody's leave, by command."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.at_step_ten import UPV, XNAT, Place, at_step_ten, tell
from tests.cli.test_json_documents import promised_keys


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """No test but the last releases anything or leaves a dataset bound."""
    with at_step_ten(tmp_path_factory.mktemp("datasets")) as made:
        yield made


@pytest.mark.parametrize(
    "words",
    [
        ("--guide", "--offline"),
        ("--pick-up", "--delete"),
        ("--metadata", "m.toml", "--follow"),
        ("--invalidate", "--accept-difference"),
        ("--clinical-file", "c.csv"),
        ("--new-version-of", "1234"),
        ("--again",),
        ("--confirm", UPV),
        ("--reason", "because"),
        ("--template", "--json"),
        ("--follow", "soon"),
    ],
)
def test_what_does_not_go_together_is_refused_and_nothing_is_asked(
    words: tuple[str, ...], place: Place
) -> None:
    told = tell(place, "dataset", UPV, *words)
    assert (told.code, told.requests) == (2, 0)
    assert len(told.err.splitlines()) == 2


def test_the_guide_names_page_project_and_name_and_asks_nobody(place: Place) -> None:
    told = tell(place, "dataset", UPV, "--guide", "--json")
    assert (told.code, told.requests) == (0, 0)
    lines = told.document["guide"]
    assert place.sandbox.endpoints.export_url in [line["link"] for line in lines]
    values = [line["value"] for line in lines]
    assert "SANDBOX|MAIN" in values
    assert UPV in values
    assert "1 subject, 2 cases" in values


def test_the_guide_gives_each_value_a_line_of_its_own(place: Place) -> None:
    lines = tell(place, "dataset", UPV, "--guide").out.splitlines()
    assert "     SANDBOX|MAIN" in lines
    assert lines[0].startswith("1. Open QP-Insights")


def test_where_the_project_is_the_dataset_there_is_nothing_to_guide_to(place: Place) -> None:
    told = tell(place, "dataset", XNAT, "--guide")
    assert (told.code, told.out, told.requests) == (0, "", 0)
    assert "the project is the dataset" in told.err


@pytest.mark.parametrize(("name", "key"), [(UPV, "licenseTitle"), (XNAT, "keywords")])
def test_the_form_of_the_metadata_says_nothing_until_it_is_filled_in(
    name: str, key: str, place: Place
) -> None:
    told = tell(place, "dataset", name, "--template")
    assert (told.code, told.requests) == (0, 0)
    assert tomllib.loads(told.out) == {}
    assert re.search(rf"(?m)^# {key} = ", told.out)


def test_offline_asks_nobody_and_has_every_key(place: Place) -> None:
    told = tell(place, "dataset", UPV, "--offline", "--json")
    assert (told.code, told.requests) == (0, 0)
    assert set(told.document) == promised_keys("dataset")
    assert told.document["stage"] is None


def test_a_look_asks_the_node_and_tells_the_counts(place: Place) -> None:
    told = tell(place, "dataset", XNAT)
    assert told.code == 0, str(told)
    assert told.requests > 0
    assert told.out.startswith(f"{XNAT}: private\n")
    assert "The dataset holds 2 studies of 1 subject; 2 studies of 1 subject" in told.out


def test_metadata_that_come_before_the_dataset_are_kept(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "metadata.json"
    file.write_text(json.dumps({"purpose": "To be tested with."}), "utf-8")
    told = tell(place, "dataset", UPV, "--metadata", file)
    assert told.code == 0, str(told)
    assert "Kept with the transfer" in told.err


def test_removing_and_marking_ask_for_the_name(place: Place) -> None:
    for words in (("--delete",), ("--invalidate", "--reason", "wrong", "--by", "Ada Lund")):
        for confirm in ((), ("--confirm", UPV.upper())):
            told = tell(place, "dataset", UPV, *words, *confirm)
            assert (told.code, told.requests) == (2, 0)
            assert "nothing was changed" in told.err


def test_of_several_drafts_none_is_picked_up_by_itself(place: Place) -> None:
    first, second = place.export("Lung CT"), place.export("Lung CT again")
    place.let_pass()
    told = tell(place, "dataset", UPV, "--pick-up")
    assert told.code == 3
    assert first in told.err
    assert second in told.err
    picked = tell(place, "dataset", UPV, "--pick-up", second, "--by", "Ada Lund", "--json")
    assert picked.code == 0, str(picked)
    assert (picked.document["dataset"], picked.document["name"]) == (second, "Lung CT again")


def test_what_is_no_difference_cannot_be_accepted(place: Place) -> None:
    words = ("--accept-difference", "--by", "Ada Lund", "--reason", "it is so")
    told = tell(place, "dataset", UPV, *words)
    assert told.code == 2
    assert "Nothing differs" in told.err


def test_a_draft_is_followed_and_looked_at(place: Place) -> None:
    told = tell(place, "dataset", UPV, "--follow", "--json")
    assert told.code == 0, str(told)
    assert told.document["stage"] == "draft"
    assert set(told.document) == promised_keys("dataset")
    values = {field["key"]: field["value"] for field in told.document["fields"]}
    assert values["purpose"] == ["To be tested with."]


def test_a_dataset_is_marked_as_not_to_be_used(place: Place) -> None:
    words = ("--invalidate", "--reason", "Wrong cases.", "--by", "Ada Lund", "--confirm", UPV)
    told = tell(place, "dataset", UPV, *words, "--json")
    assert told.code == 0, str(told)
    assert (told.document["stage"], told.document["reason"]) == ("invalidated", "Wrong cases.")


def test_a_dataset_of_fewer_studies_is_kept_back_until_a_person_answers(
    place: Place, tmp_path: Path
) -> None:
    """Made from an index that names one of the two Studies that were verified."""
    place.make_clear(UPV)
    case = place.sandbox.datasets.lake.cases("SANDBOX")[0]
    series = [{"folderName": folder, "tags": []} for folder in case.series]
    study = {"studyId": case.id, "studyName": case.name, "subjectName": case.subject}
    index, metadata = tmp_path / "index.json", tmp_path / "metadata.toml"
    place_of_it = {"pathInDatalake": case.path, "url": "https://node.example/cases/1"}
    index.write_text(json.dumps([{**study, **place_of_it, "series": series}]), "utf-8")
    texts = ("name", "version", "description", "provenance", "purpose")
    metadata.write_text("".join(f'{key} = "{key} 1"\n' for key in texts), "utf-8")

    made = tell(place, "dataset", UPV, "--create", index, "--metadata", metadata, "--json")
    assert made.code == 0, str(made)
    assert (made.document["stage"], made.document["origin"]) == ("creating", "created")
    place.let_pass()
    assert tell(place, "dataset", UPV, "--follow").code == 0

    words = ("publish", UPV, "--confirm", UPV, "--by", "Ada Lund", "--json")
    refused = tell(place, *words)
    assert refused.code == 3
    assert "holds 1 study of 1 subject; 2 studies of 1 subject were verified." in refused.err
    word = ("--by", "Ada Lund", "--reason", "The other one is of another project.")
    assert tell(place, "dataset", UPV, "--accept-difference", *word).code == 0
    released = tell(place, *words)
    assert released.code == 0, str(released)
    assert released.document["stage"] == "released"
    accepted = released.document["accepted"]
    assert (accepted["person"], accepted["reason"]) == (word[1], word[3])
