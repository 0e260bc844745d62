"""What config.toml may say about clinical data, and what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.profiles import load_profiles
from adapters.upv.clinical_options import lacking
from adapters.upv.options import Settings
from transfer.errors import UsageError


def settings(home: Path, table: str) -> Settings:
    """Of a node with this in its table."""
    (home / "config.toml").write_text(
        f'[nodes.n]\nkind = "upv"\ndicomweb_url = "https://n.example/rs"\n{table}\n'
    )
    return Settings.of(load_profiles(home)["n"], home)


@pytest.mark.parametrize(
    ("table", "mode"),
    [
        ("", "handover"),
        ('eform_url = "https://n.example/{subject}"', "eform-json"),
        ('clinical_url = "https://n.example/t"', "file-csv"),
        ('eform_url = "https://n.example/{subject}"\nclinical_mode = "handover"', "handover"),
        ('clinical_mode = "file-csv"', "file-csv"),
    ],
)
def test_the_mode_is_what_is_chosen_else_what_an_address_is_known_for(
    tmp_path: Path, table: str, mode: str
) -> None:
    assert settings(tmp_path, table).clinical.mode == mode


def test_an_eform_is_read_back_where_it_was_written_unless_that_is_said_otherwise(
    tmp_path: Path,
) -> None:
    url = "https://n.example/{subject}"
    written = f'eform_url = "{url}"\n'
    assert settings(tmp_path, written).clinical.eform_read_url == url
    assert settings(tmp_path, written + 'eform_read_url = ""').clinical.eform_read_url == ""
    posted = 'eform_url = "https://n.example/eforms"\neform_envelope = "dataset-service"'
    assert settings(tmp_path, posted).clinical.eform_read_url == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://n.example/{subject}",
        "HTTP://n.example/{subject}",
        "ftp://n.example/{subject}",
        "https://{subject}.example/",
        "https://n.example{subject}/",
        "https://user:secret@n.example/{subject}",
        "https://n.example/{patient}",
        "https://n.example/{subject",
        "https://n.example/#{subject}",
        "https://n.example/?a=#b",
        "https:///{subject}",
        "https://n.example:99999/{subject}",
        "https://n.example/a b",
        "https://n.example\\\\@evil.example/{subject}",
        "",
    ],
)
def test_an_address_is_https_and_no_transfer_chooses_its_host(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match=r"eform_url of \[nodes\.n\] is not usable"):
        settings(tmp_path, f'eform_url = "{url}"')


@pytest.mark.parametrize(
    "entry",
    [
        "Size = {}",
        'Size = {page = "p"}',
        'Size = {page = "p", field = ""}',
        'Size = {page = "p", field = "f", type = "integer"}',
        'Size = {page = "p", field = "f", typ = "number"}',
        'Size = {page = "p", field = "f", values = {a = 1}}',
        'Size = {page = "p", field = "f", once = "yes"}',
        'A = {page = "p", field = "f", once = true}\nB = {page = "p", field = "g"}',
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(tmp_path: Path, entry: str) -> None:
    with pytest.raises(UsageError, match=r"eform_mapping of \[nodes\.n\] is not usable"):
        settings(tmp_path, f"[nodes.n.eform_mapping]\n{entry}")


def test_a_mapping_is_by_heading_with_its_type_and_values(tmp_path: Path) -> None:
    table = (
        'eform_url = "https://n.example/{subject}"\n[nodes.n.eform_mapping]\n'
        '"Tumour size (mm)" = {page = "tumour", field = "size", type = "number"}\n'
        'sex = {page = "patient_data", field = "gender", values = {Female = "FEMALE"}}\n'
    )
    mapping = settings(tmp_path, table).clinical.mapping
    size, sex = mapping["Tumour size (mm)"], mapping["sex"]
    assert (size.page, size.field_name, size.kind, size.is_once) == (
        "tumour",
        "size",
        "number",
        False,
    )
    assert (sex.kind, dict(sex.values), sex.is_once) == (None, {"Female": "FEMALE"}, True)


@pytest.mark.parametrize(
    "name", ["Authorization", "content-type", "Host", "If-None-Match", "Bad Name", "Content-Length"]
)
def test_a_header_that_the_request_makes_itself_cannot_be_configured(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageError, match=r"clinical_headers of \[nodes\.n\] is not usable"):
        settings(tmp_path, f'clinical_headers = {{"{name}" = "x"}}')


def test_requests_that_name_nobody_lack_the_subject() -> None:
    url = {"eform_url": "https://n.example/eforms"}
    assert [key for key, _ in lacking(url)] == ["eform_url"]
    assert lacking(url | {"eform_envelope": "dataset-service"}) == ()
    assert lacking(url | {"clinical_query": {"s": "{subject}"}}) == ()
    assert lacking(url | {"clinical_headers": {"X-Subject": "{subject}"}}) == ()


def test_a_timepoint_that_a_request_names_has_to_be_set(tmp_path: Path) -> None:
    from adapters.registry import check_configuration

    settings(tmp_path, 'eform_url = "https://n.example/{timepoint}/{subject}"')
    findings = check_configuration(load_profiles(tmp_path)["n"])
    assert [f.message for f in findings] == [
        "The requests are to name a timepoint, but none is configured."
    ]
