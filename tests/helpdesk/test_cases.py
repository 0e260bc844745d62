"""Which tickets there are; titles and groups to the letter (requirements 13.1, rule HLP-01)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from adapters.profiles import NodeProfile, load_profiles
from adapters.registry import check_configuration, ticket_cases
from transfer.tickets import TicketCase


def cases_of(node: str, tmp_path: Path) -> dict[str, TicketCase]:
    return {case.key: case for case in ticket_cases(load_profiles(tmp_path)[node])}


@pytest.mark.parametrize(
    ("node", "case", "title"),
    [
        ("upv", "project", "Create a data ingestion imaging biobank"),
        ("health-ri", "project", "Create XNAT project"),
        ("upv", "project-annex", "Create a data ingestion project in UPV"),
        ("health-ri", "project-annex", "Create XNAT project in HealthRI"),
    ],
)
def test_the_titles_of_step_6_are_those_of_the_handbook_to_the_letter(
    node: str, case: str, title: str, tmp_path: Path
) -> None:
    found = cases_of(node, tmp_path)[case]
    assert found.title == title
    assert found.group == "Reference nodes"
    assert found.fallback_group == "Technical support team"
    assert found.step == "ticket"


@pytest.mark.parametrize(
    ("case", "group"),
    [
        ("tool", "Reference nodes"),
        ("role", "Reference nodes"),
        ("site-id", "dashboard"),
        ("catalogue", "catalogue"),
        ("mailing-list", "First line support"),
        ("etl", "ETL ingestion support"),
    ],
)
@pytest.mark.parametrize("node", ["upv", "health-ri"])
def test_every_node_has_the_common_cases_with_their_groups(
    node: str, case: str, group: str, tmp_path: Path
) -> None:
    assert cases_of(node, tmp_path)[case].group == group


@pytest.mark.parametrize("node", ["upv", "health-ri"])
def test_the_first_case_of_a_node_is_that_of_step_6(node: str, tmp_path: Path) -> None:
    first = ticket_cases(load_profiles(tmp_path)[node])[0]
    assert (first.key, first.step) == ("project", "ticket")
    required = [field.key for field in first.fields if field.is_required]
    assert required == ["name", "username"]


def test_the_question_of_the_configuration_is_the_one_that_its_finding_asks(
    tmp_path: Path,
) -> None:
    case = cases_of("upv", tmp_path)["configuration"]
    (finding, *_) = check_configuration(load_profiles(tmp_path)["upv"])
    assert case.opening.startswith("Please tell us the DICOMweb")
    assert case.opening in finding.remedy


def test_a_node_of_ones_own_is_told_whose_title_and_group_these_are(tmp_path: Path) -> None:
    own = NodeProfile("orthanc", "upv", "integrity", "as-is")
    assert "orthanc is a node of your own" in ticket_cases(own)[0].note
    assert cases_of("upv", tmp_path)["project"].note == ""


def test_a_kind_without_tickets_of_its_own_still_has_the_common_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import adapters.xnat

    monkeypatch.delattr(adapters.xnat, "ticket_cases")
    profile = NodeProfile("third", "xnat", "integrity", "as-is", options=MappingProxyType({}))
    found = [case.key for case in ticket_cases(replace(profile))]
    assert found == ["tool", "site-id", "role", "catalogue", "mailing-list", "etl"]
