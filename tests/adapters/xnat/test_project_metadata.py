"""The form of a project, what its item says, and what sets it; no node."""

from __future__ import annotations

import html
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.xnat.project_metadata import (
    FIELDS,
    ProjectItem,
    differing,
    faults,
    query,
    read_item,
    stored,
)

SEEN = st.characters(exclude_categories=("C", "Z"), include_characters=" ")
LINES = st.text(SEEN, max_size=60).map(str.strip)


def document(*children: dict[str, Any], **texts: str) -> dict[str, Any]:
    """A project as XNAT's JSON shows it; empty fields are left out there."""
    fields = {"ID": "P", "name": "Lung", "secondary_ID": "P", **texts}
    return {"items": [{"children": list(children), "meta": {}, "data_fields": fields}]}


def person(field: str, *people: dict[str, object]) -> dict[str, Any]:
    return {"field": field, "items": [{"children": [], "data_fields": one} for one in people]}


def item(*children: dict[str, Any], **texts: str) -> ProjectItem:
    return read_item(document(*children, **texts))


def values(project: ProjectItem) -> dict[str, tuple[str, ...]]:
    return {f.key: f.value for f in project.fields(may_edit=True) if f.value}


def test_the_item_with_its_people_fills_in_the_form() -> None:
    project = item(
        person(
            "PI",
            {
                "title": "Dr",
                "firstname": "Ann",
                "lastname": "Lee",
                "institution": "North Hospital",
                "xnat_investigatordata_id": 7,
            },
        ),
        person(
            "investigators/investigator",
            {"firstname": "Bob", "lastname": "May", "institution": "South Hospital"},
            {"title": "Prof.", "lastname": "Roe"},
        ),
        description="CT of the thorax\nbefore treatment",
        keywords="lung, breast cancer ,CT",
    )
    assert values(project) == {
        "title": ("Lung",),
        "running_title": ("P",),
        "description": ("CT of the thorax\nbefore treatment",),
        "keywords": ("lung", "breast cancer", "CT"),
        "pi_title": ("Dr",),
        "pi_first_name": ("Ann",),
        "pi_last_name": ("Lee",),
        "pi_institution": ("North Hospital",),
        "investigators": ("Bob May, South Hospital", "Prof. Roe"),
    }


@pytest.mark.parametrize(
    "found",
    [
        {},
        [],
        None,
        {"items": []},
        {"items": {}},
        {"items": [{}]},
        {"items": [{"data_fields": {}}]},
        {"items": [{"data_fields": {"ID": "P"}, "children": [{"field": "PI", "items": [1]}]}]},
    ],
)
def test_what_is_no_project_is_refused(found: object) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        read_item(found)


def test_only_what_differs_is_set() -> None:
    project = item(description="as it was", keywords="lung, CT")
    wanted = stored({"title": ("Lung",), "description": ("new",), "keywords": ("lung", "CT")})
    assert list(differing(project, wanted)) == [{"description": "new"}]


def test_what_another_project_may_have_is_set_first() -> None:
    wanted = stored({"keywords": ("CT",), "running_title": ("L",), "title": ("Thorax",)})
    assert [list(texts) for texts in differing(item(), wanted)] == [
        ["title"],
        ["running_title"],
        ["keywords"],
    ]


def test_the_parts_of_a_person_go_together() -> None:
    """XNAT would else keep a person of whom half the name is missing."""
    project = item(person("PI", {"firstname": "Ann", "lastname": "Lee"}))
    [texts] = differing(project, stored({"pi_last_name": ("Roe",)}))
    assert texts == {"pi_first_name": "Ann", "pi_last_name": "Roe"}
    assert query(texts) == {
        "xsiType": "xnat:projectData",
        "req_format": "qs",
        "xnat:projectData/PI/firstname": "Ann",
        "xnat:projectData/PI/lastname": "Roe",
    }


def test_a_field_is_emptied_by_an_empty_text() -> None:
    assert list(differing(item(description="old"), stored({"description": ()}))) == [
        {"description": ""}
    ]


def test_nothing_that_is_set_touches_the_accessibility() -> None:
    """XNAT takes it as a parameter of the same request, and that is behind the gate."""
    keys = [key for field in FIELDS if field.is_editable for key in query({field.key: "x"})]
    assert len(keys) == 3 * 8
    assert not [key for key in keys if "access" in key.lower()]


@given(LINES)
def test_a_text_is_the_same_whether_or_not_the_site_writes_its_signs_out(text: str) -> None:
    assert item(description=text).keeps("description", text)
    assert item(description=html.escape(text)).keeps("description", text)


@given(LINES)
def test_where_signs_are_written_out_the_form_shows_them_as_they_were_typed(text: str) -> None:
    shown = values(item(description=html.escape(text))).get("description", ("",))
    assert shown == (text,)


def test_a_bare_sign_shows_that_nothing_is_written_out() -> None:
    assert values(item(description="R&D: &lt; is written so"))["description"] == (
        "R&D: &lt; is written so",
    )


def test_line_ends_and_blanks_around_a_text_are_no_difference() -> None:
    project = item(description="one\r\ntwo ")
    assert list(differing(project, stored({"description": (" one\ntwo",)}))) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"title": ()}, "Title: it needs at least 1 character."),
        ({"title": ("x" * 256,)}, "Title: 256 characters, at most 255 are taken."),
        ({"running_title": ("a\nb",)}, "Running title: it holds a control character"),
        ({"description": ("x\x00",)}, "Description: it holds a control character"),
        ({"description": ("\ud800",)}, "Description: it holds a control character"),
        ({"description": ("x" * 4001,)}, "Description: 4,001 characters, at most 4,000"),
        ({"description": ("я" * 1200,)}, "Description: it is too long for one request to XNAT"),
        ({"keywords": ("lung, CT",)}, "Keywords: a comma stands between two of them"),
        ({"keywords": ("x" * 7000,)}, "Keywords: it is too long for one request to XNAT"),
        ({"investigators": ("Bob May",)}, "Further investigators: it cannot be changed"),
        ({"accessibility": ("public",)}, "accessibility: there is no such field"),
    ],
)
def test_what_the_node_would_not_take_is_told_before(
    changes: dict[str, tuple[str, ...]], told: str
) -> None:
    found = list(faults(item(), changes))
    assert [fault for fault in found if fault.startswith(told)] != []


def test_a_form_that_was_read_and_not_changed_has_no_fault() -> None:
    project = item(
        person("investigators/investigator", {"lastname": "Roe"}), description="CT", keywords="a, b"
    )
    read = {field.key: field.value for field in project.fields(may_edit=True)}
    assert list(faults(project, read)) == []
    assert list(differing(project, stored(read))) == []
