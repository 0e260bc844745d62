"""Metadata as a person enters them: from a file, by its form, each fault named."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.publication.conftest import Opened
from tests.publication.made import FIELDS, MadeNode
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.publication.metadata import (
    changes_in,
    faults_of,
    keep_metadata,
    kept_metadata,
    lacking,
    read_metadata,
    template,
)
from transfer.publication.values import Field

FULL = {
    "name": ("Lungs of “Ávila”",),
    "description": ('One line\nand "another" \\ one',),
    "type": ("original", "annotated"),
}


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    as_json = put(
        tmp_path,
        "m.json",
        json.dumps({"name": FULL["name"][0], "description": FULL["description"][0],
                    "type": list(FULL["type"])}),
    )  # fmt: skip
    as_toml = put(
        tmp_path,
        "m.toml",
        'name = "Lungs of “Ávila”"\ntype = ["original", "annotated"]\n'
        'description = """One line\nand "another" \\\\ one"""\n',
    )
    assert read_metadata(as_json, FIELDS) == FULL
    assert read_metadata(as_toml, FIELDS) == FULL


def test_the_form_that_is_printed_is_read_back_as_it_stands(tmp_path: Path) -> None:
    filled = [replace(field, value=FULL.get(field.key, ())) for field in FIELDS]
    form = template(filled)
    assert read_metadata(put(tmp_path, "m.toml", form), FIELDS) == FULL
    assert "# Needed. 3 to 20 characters. It cannot be changed once others see the dataset." in form
    assert '# license = ""' in form


@pytest.mark.parametrize("text", ["\x7f del", "tab\tand\nline", 'quote"s', "\\ü\U0001f600", "#"])
def test_any_text_goes_through_the_form(text: str) -> None:
    field = Field("license.title", "Licence", "text", value=(text,))
    assert tomllib.loads(template([field]))["license"]["title"] == text


def test_a_table_in_the_file_is_a_key_with_a_dot(tmp_path: Path) -> None:
    fields = (Field("license.title", "Licence"), Field("license.url", "Address"))
    path = put(tmp_path, "m.toml", '[license]\ntitle = "CC"\nurl = ""\n')
    assert read_metadata(path, fields) == {"license.title": ("CC",), "license.url": ()}


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    path = put(tmp_path, "m.toml", 'name = "ab"\ntype = ["other"]\ncolour = "red"\n')
    with pytest.raises(UsageError) as refused:
        read_metadata(path, FIELDS)
    assert refused.value.what == (
        "The metadata cannot be used; nothing was changed. What is wrong: name: 2 characters,"
        " at least 3 are needed; type: one value is none of: original, annotated; colour: there is"
        " no such field, there are: name, description, type, license."
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.txt", "name = 1"),
        ("m.toml", "name ="),
        ("m.toml", b"name = '\xff'"),
        ("m.json", "[]"),
        ("m.json", "{"),
        ("m.json", '{"name": 1.5}'),
        ("m.json", '{"name": [["a"]]}'),
        ("m.json", "[" * 100_000),
        ("m.toml", "a" * (256 * 1024 + 1)),
        ("m.toml", "a." * 5000 + "b = 1"),
    ],
)
def test_what_is_no_metadata_is_refused(tmp_path: Path, name: str, content: str | bytes) -> None:
    with pytest.raises(UsageError):
        read_metadata(put(tmp_path, name, content), FIELDS)


@pytest.mark.parametrize("number", ["0x" + "f" * 3900, "9" * 19, "-" + "9" * 4000], ids=len)
def test_a_number_of_any_length_is_no_version(tmp_path: Path, number: str) -> None:
    (path := tmp_path / "long.toml").write_text(f"name = {number}\n")
    with pytest.raises(UsageError, match="name: it is no text"):
        read_metadata(path, FIELDS)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "m.toml")
    with pytest.raises(UsageError, match="it is no file"):
        read_metadata(tmp_path / "m.toml", FIELDS)


@pytest.mark.parametrize(
    ("key", "values", "text"),
    [
        ("name", ("a", "b"), "it takes one value, not several"),
        ("name", ("x" * 21,), "21 characters, at most 20 are taken"),
        ("name", ("   ",), "0 characters, at least 3 are needed"),
        ("name", (), "it needs at least 3 characters"),
        ("name", ("a\x1bbc",), "it holds a control character, or one that is not seen"),
        ("name", ("one\ntwo",), "it holds a control character, or one that is not seen"),
        ("description", ("a\u202eb",), "it holds a control character, or one that is not seen"),
        ("type", ("original", "original"), "a value stands there twice"),
    ],
)
def test_a_value_that_does_not_fit(key: str, values: tuple[str, ...], text: str) -> None:
    assert text in [fault.text for fault in faults_of(FIELDS, {key: values})]


def test_values_that_fit_have_no_fault() -> None:
    assert faults_of(FIELDS, FULL) == []
    assert faults_of(FIELDS, {"description": (), "type": ()}) == []


def test_a_field_that_cannot_be_changed_takes_only_what_it_has() -> None:
    fields = (Field("name", "Name", is_editable=False, value=("Lungs",)),)
    assert faults_of(fields, {"name": ("Lungs",)}) == []
    assert len(faults_of(fields, {"name": ("Livers",)})) == 1


def test_what_is_still_lacking() -> None:
    assert [(f.key, f.severity) for f in lacking(FIELDS)] == [
        ("name", "block"),
        ("license", "warn"),
    ]
    assert lacking(FIELDS, {"name": ("Lungs",), "license": ("CC",)}) == []


def test_only_what_differs_is_a_change() -> None:
    fields = (Field("a", "A", value=("1",)), Field("b", "B"))
    assert changes_in(fields, {"a": ("1",), "b": ("2",)}) == {"b": ("2",)}


def test_what_is_kept_stays_through_the_next_word(ledger: Ledger) -> None:
    keep_metadata(ledger, {"name": ("Lungs",)}, "Ada")
    keep_metadata(ledger, {"license": ("CC",)})
    assert kept_metadata(ledger) == {"license": ("CC",), "name": ("Lungs",)}


def test_a_patients_identifier_is_not_even_kept(ledger: Ledger) -> None:
    with pytest.raises(StepBlocked, match=r"metadata, name \(patient ID\)"):
        keep_metadata(ledger, {"name": ("Of ORIGINAL-2",)})
    assert kept_metadata(ledger) == {}


async def test_what_was_entered_before_is_written_once_and_not_over_what_came_later(
    opened: Opened, node: MadeNode
) -> None:
    await opened().edit({"license": ("CC BY 4.0",)}, "Ada Lovelace")
    node.export()
    look = await opened().pick_up(None)
    assert look.dataset is not None
    assert {f.key: f.value for f in look.dataset.fields}["license"] == ("CC BY 4.0",)
    # Somebody changes it in the node's own pages.
    draft = node.datasets["d1"]
    node.datasets["d1"] = replace(
        draft,
        fields=tuple(replace(f, value=("CC0",)) if f.key == "license" else f for f in draft.fields),
    )
    await opened().publish("", "lungs")
    assert node.times("edit") == 1
    assert {f.key: f.value for f in node.datasets["d1"].fields}["license"] == ("CC0",)


async def test_what_is_there_already_is_not_written_again(opened: Opened, node: MadeNode) -> None:
    node.export("Lungs")
    await opened().pick_up(None)
    await opened().edit({"name": ("Lungs",)})
    assert node.times("edit") == 0
