"""What a token says of its bearer, told in words, with the ticket for what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.upv.roles import dataset_rights, image_rights, no_dataset_rights
from transfer.errors import NEVER, NodeBusy, SignInRefused

INGESTER = "authorized-technical-data-manager"
VALIDATED = {"realm_access": {"roles": ["validated_user"]}}


def _said(claims: dict[str, Any], *destinations: str) -> list[str]:
    return [str(right) for right in image_rights(claims, destinations)]


def test_an_ingester_may_upload_to_the_projects_joined() -> None:
    assert _said({"groups": [INGESTER, "PROJECT-A", "/PROJECT-B"], **VALIDATED}, "A|CT") == [
        "may upload images and clinical data",
        "may upload to project A",
        "may upload to project B",
        "may use the node as a validated account",
    ]


def test_a_destination_whose_project_is_not_joined_is_named() -> None:
    rights = image_rights({"groups": [INGESTER, "PROJECT-A"], **VALIDATED}, ["B|CT", "B|MR"])
    missing = [right for right in rights if not right.is_given]
    assert [(str(r), r.remedy, r.ticket) for r in missing] == [
        (
            "may not upload to project B",
            "Ask the helpdesk to join this account to project B.",
            "role",
        )
    ]


def test_an_account_in_no_project_is_told_so() -> None:
    assert "may not upload to any project yet" in _said({"groups": [INGESTER], **VALIDATED})


def test_an_account_that_was_never_validated_is_told_so() -> None:
    right = image_rights({"groups": [INGESTER, "PROJECT-A"]}, [])[-1]
    assert str(right) == "may not use the node as a validated account"
    assert right.remedy.startswith("Wait until the node has validated the account")


def test_groups_are_absent_and_not_empty_where_there_are_none() -> None:
    assert _said(VALIDATED)[0] == "may not upload images and clinical data"


@pytest.mark.parametrize("claims", [{}, {"preferred_username": "us"}])
def test_a_token_that_tells_nothing_is_no_ground_for_a_no(claims: dict[str, Any]) -> None:
    assert _said(claims, "A|CT") == ["may perhaps upload images and clinical data"]
    assert [str(right) for right in dataset_rights(claims)] == ["may perhaps create datasets"]


def test_the_nodes_own_staff_may_upload_anywhere() -> None:
    staff = {"groups": ["cloud-services-and-security-management"], **VALIDATED}
    assert "may not" not in " ".join(_said(staff, "A|CT"))


@pytest.mark.parametrize(
    ("roles", "is_given"),
    [(["admin_datasets"], True), (["superadmin_datasets"], True), (["use_datasets"], False)],
)
def test_datasets_are_created_by_their_managers(roles: list[str], is_given: bool) -> None:
    (right,) = dataset_rights({"resource_access": {"dataset-service": {"roles": roles}}})
    assert right.is_given is is_given
    assert right.ticket == ("" if is_given else "role")


def test_the_role_on_another_service_is_none_here() -> None:
    (right,) = dataset_rights({"resource_access": {"other": {"roles": ["admin_datasets"]}}})
    assert right.is_given is False


def test_a_realm_that_was_busy_has_not_said_no() -> None:
    (busy,) = no_dataset_rights(NodeBusy("The node is busy.", "Later."))
    (refused,) = no_dataset_rights(SignInRefused("No.", "Ask.", retry=NEVER))
    assert (busy.is_given, refused.is_given) == (None, False)


def test_a_group_that_would_write_to_the_terminal_is_left_out() -> None:
    assert "\x1b" not in " ".join(_said({"groups": [INGESTER, "PROJECT-\x1b[2J"], **VALIDATED}))
