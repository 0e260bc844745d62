"""Denial by data: whoever writes the text that we read decides how long it is, not how long we
take. Each case took minutes or hours, with the event loop held, when its parser was quadratic."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.probe.answering import title_of
from adapters.profiles import load_profiles
from adapters.xnat.pages import plain, said
from adapters.xnat.refusals import Meaning, meaning_of
from adapters.xnat.session import name_in
from transfer.clinical.mapping_text import parse_mapping
from transfer.errors import UsageError
from transfer.legal.record_file import read_record
from transfer.publication.metadata import read_metadata
from transfer.quality.answers import read_answers

_MANY = 200_000
# Of this process's own time, whatever else the machine does; quadratic ones took hundreds.
_AT_ONCE_S = 5.0


@contextmanager
def _at_once() -> Iterator[None]:
    began = time.thread_time()
    yield
    assert time.thread_time() - began < _AT_ONCE_S


PIECES = ["<h3>", "<h3 ", "<", "<style>", "<script ", "<title>", "&#", "&amp", "<h3><h3 ", "\\"]


@pytest.mark.parametrize("piece", PIECES)
def test_an_error_page_of_xnat_is_read_at_once(piece: str) -> None:
    with _at_once():
        words = said(f"<h3>No space left</h3>{piece * _MANY}", ["No space"])
        assert words == "(…) left"
        plain(piece * _MANY)


def test_an_answer_about_a_project_is_understood_at_once() -> None:
    with _at_once():
        assert meaning_of("unable to identify " * _MANY) is Meaning.INSTANCE
    assert meaning_of("Unable to identify destination project") is Meaning.NO_PROJECT


@pytest.mark.parametrize("piece", ["User '", "User ''", "' is logged in", "User 'a"])
def test_whose_session_it_is_is_read_at_once(piece: str) -> None:
    with _at_once():
        name_in(piece * _MANY)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("User 'ingester' is logged in", "ingester"),
        ("User 'o'neill' is logged in", "o'neill"),
        ("User '' is logged in", ""),
        ("Not signed in", None),
        ("", None),
    ],
)
def test_whose_session_it_is_stands_at_the_beginning(text: str, name: str | None) -> None:
    assert name_in(text) == name


@pytest.mark.parametrize("piece", [b"<title>", b"<title", b"<title ", b"<"])
def test_the_title_of_a_page_is_found_at_once(piece: bytes) -> None:
    with _at_once():
        title_of((piece * 65536)[:65536])
    assert title_of(b'<html><TITLE lang="en">Hotel &amp; Spa</title>') == "Hotel & Spa"


def _config(file: Path) -> object:
    return load_profiles(file.parent)


def _mapping(file: Path) -> object:
    return parse_mapping(file.read_bytes())


def _record(file: Path) -> object:
    return read_record(file, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def _metadata(file: Path) -> object:
    return read_metadata(file, ())


READERS: dict[str, Callable[[Path], object]] = {
    "config": _config,
    "answers": read_answers,
    "mapping": _mapping,
    "legal": _record,
    "metadata": _metadata,
}
BOMBS = {
    "key-of-many-parts": ".".join(["a"] * 30_000) + " = 1",
    "keys-of-many-parts": "\n".join(f"k{n}.{'.'.join(['a'] * 90)} = 1" for n in range(5_000)),
    "table-of-many-parts": f"[{'.'.join(['a'] * 500)}]\n"
    + "\n".join(f"k{n}.b = 1" for n in range(8_000)),
    "deep-lists": "a = " + "[" * 50_000,
    "deep-tables": "a = " + "{a = " * 20_000,
    "number-of-many-digits": "a = " + "9" * 50_000,
    "many-bytes": "# " + "x" * 20_000_000,
    "no-utf-8": "\udcff",
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_file_that_was_made_to_be_slow_is_refused_at_once(
    bomb: str, reader: str, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(BOMBS[bomb].encode("utf-8", "surrogateescape"))
    with _at_once(), pytest.raises(UsageError) as refused:
        READERS[reader](file)
    assert len(refused.value.what) < 400


@pytest.mark.parametrize("reader", [name for name in READERS if name != "mapping"])
def test_a_pipe_in_the_place_of_a_file_holds_nobody(reader: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.toml")
    with pytest.raises(UsageError):
        READERS[reader](tmp_path / "config.toml")


def test_a_deep_document_of_metadata_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"a":' * 900 + "1" + "}" * 900)
    with pytest.raises(UsageError):
        read_metadata(tmp_path / "m.json", ())


def test_a_configuration_of_hundreds_of_addresses_in_one_line_is_read(tmp_path: Path) -> None:
    """It has as many dots as a bomb has."""
    listed = ", ".join(f'"10.0.{n}.0/24"' for n in range(200))
    table = f'[nodes.n]\nkind = "xnat"\nurl = "https://n.example"\nno_proxy = [{listed}]\n'
    (tmp_path / "config.toml").write_text(table)
    assert len(load_profiles(tmp_path)["n"].proxy.no_proxy) == 200
