"""The demo: both nodes, the whole way, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "home", {"TMPDIR": str(tmp_path)})


def test_the_demo_brings_a_cohort_to_a_published_dataset_on_both_nodes_and_leaves_nothing(
    program: Program, tmp_path: Path
) -> None:
    ran = program.run("demo", "--headless", "--json", "--patients", "1")
    assert ran.code == 0, str(ran)
    first = ran.document
    documents = [first, *first["others"]]
    assert [d["node"] for d in documents] == ["sandbox-upv", "sandbox-xnat"]
    for document in documents:
        counts = document["instances"]
        assert counts["ready"] > 100
        assert counts["ready"] == counts["sent"] == counts["verified"]
        assert document["state"] == "done"
        clinical = document["clinical"]
        assert (clinical["state"], clinical["subjects"]["verified"]) == ("done", 1)
        assert {step["id"]: step["state"] for step in document["steps"]} == {
            "deidentify": "done",
            "account": "done",
            "ticket": "done",
            "tool": "done",
            "images": "done",
            "clinical": "done",
            "dataset": "done",
        }
    at_upv, at_xnat = (document["publication"] for document in documents)
    assert (at_upv["stage"], at_upv["studies"], at_upv["subjects"]) == ("published", 3, 1)
    assert at_upv["pids"]["doi"].startswith("https://doi.org/10.5072/")
    assert (at_xnat["stage"], at_xnat["visibility"]) == ("published", "protected")
    assert (at_upv["catalogue"], at_xnat["catalogue"]) == (True, True)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("eucaim-")] == []


def test_the_demo_takes_one_node_alone(program: Program) -> None:
    ran = program.run("demo", "--node", "health-ri", "--headless", "--json", "--patients", "1")
    assert ran.code == 0, str(ran)
    assert (ran.document["node"], ran.document["others"]) == ("sandbox-xnat", [])


def test_without_a_terminal_the_demo_goes_on_in_plain_lines(program: Program) -> None:
    ran = program.run("demo", "--node", "upv", "--patients", "1")
    assert ran.code == 0, str(ran)
    assert "The demo goes on in plain lines." in ran.err
    assert "each one listed by it." in ran.out
    assert "sandbox-upv" in ran.out
    assert "sandbox-xnat" not in ran.out
