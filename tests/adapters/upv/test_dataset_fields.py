"""The form of a dataset's metadata, and what the service would not take or would break on."""

from __future__ import annotations

import pytest

from adapters.upv.dataset_fields import FORM, faults_in, is_same, wire
from tests.adapters.upv.dataset_recorded import FILE, recorded
from transfer.publication.values import Field

NAMED = {field.key: field for field in FORM}


def _limits(field: Field) -> tuple[int, int | None]:
    return field.least, field.most


def test_the_form_has_the_limits_of_the_service() -> None:
    assert list(NAMED) == [
        "name",
        "version",
        "description",
        "provenance",
        "purpose",
        "type",
        "collectionMethod",
        "licenseTitle",
        "licenseUrl",
        "contactInfo",
    ]
    assert _limits(NAMED["name"]) == (3, 256)
    assert NAMED["version"].most == 16
    assert (NAMED["licenseTitle"].most, NAMED["licenseUrl"].most) == (128, 256)
    assert NAMED["contactInfo"].most == 256
    assert NAMED["description"].most is None
    assert NAMED["type"].allowed == ("original", "annotated", "processed", "personal-data")


def test_contact_and_licence_alone_can_be_changed_later() -> None:
    assert [f.key for f in FORM if not f.is_fixed_later] == [
        "licenseTitle",
        "licenseUrl",
        "contactInfo",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", ("n" * 3,)),
        ("name", ("n" * 256,)),
        ("version", ("1" * 16,)),
        ("version", ()),
        ("description", ("",)),
        ("description", ("line\nline\t<b> é 𝄞" * 10_000,)),
        ("type", ()),
        ("type", ("original", "annotated")),
        ("contactInfo", ("c" * 256,)),
        ("licenseTitle", ("t" * 128,)),
        ("licenseUrl", ("u" * 256,)),
    ],
)
def test_a_value_within_the_limits_has_no_fault(key: str, value: tuple[str, ...]) -> None:
    assert faults_in({key: value}) == []


@pytest.mark.parametrize(
    ("key", "value", "title"),
    [
        ("name", ("ab",), "Name"),
        ("name", (), "Name"),
        ("name", ("n" * 257,), "Name"),
        ("version", ("1" * 17,), "Version"),
        ("contactInfo", ("c" * 257,), "Contact"),
        ("licenseTitle", ("t" * 129,), "Licence"),
        ("licenseUrl", ("u" * 257,), "Licence address"),
        ("purpose", ("a", "b"), "Purpose"),
        ("purpose", ("a\0b",), "Purpose"),
        ("purpose", ("a\ud800b",), "Purpose"),
        ("type", ("original", "raw"), "Type"),
        ("licence", ("x",), "licence"),
    ],
)
def test_a_value_beyond_them_is_told(key: str, value: tuple[str, ...], title: str) -> None:
    [fault] = faults_in({key: value})
    assert fault.startswith(f"{title}: ")


def test_every_fault_is_told_at_once() -> None:
    assert len(faults_in({"name": ("ab",), "version": ("1" * 17,), "purpose": ("fine",)})) == 2


def test_choices_have_no_order_and_texts_are_taken_to_the_letter() -> None:
    assert is_same("type", ("original", "annotated"), ("annotated", "original"))
    assert not is_same("type", ("original",), ("original", "annotated"))
    assert not is_same("name", ("Lung",), ("Lung ",))


def test_a_licence_is_one_property_of_two_lines() -> None:
    texts = {"licenseTitle": ("CC BY 4.0",), "licenseUrl": ()}
    assert wire("license", texts) == {"title": "CC BY 4.0", "url": ""}
    assert wire("type", {"type": ("original",)}) == ["original"]
    assert wire("contactInfo", {}) == ""


@pytest.mark.skipif(not FILE.exists(), reason="../shared is absent")
def test_what_the_service_refused_at_a_creation_is_found_before() -> None:
    """Each text or choice that the recorded service answered with 400 or 500."""
    judged = {
        "create-name-2-chars": "name",
        "create-name-257-chars": "name",
        "create-version-17-chars": "version",
        "create-type-unknown": "type",
        "create-collection-unknown": "collectionMethod",
    }
    seen = set()
    for exchange in recorded():
        key = judged.get(exchange["id"])
        if key is not None:
            value = exchange["request"]["json"][key]
            values = (value,) if isinstance(value, str) else tuple(value)
            assert faults_in({key: values}) != []
            seen.add(exchange["id"])
    assert seen == set(judged)
