"""The pages of refusals and of words are read out of the source, and lose nothing."""

from __future__ import annotations

import importlib.util
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from transfer import errors

ROOT = Path(__file__).parents[2]


def _of_docs(name: str) -> ModuleType:
    """A module that lies in no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A tuple with names looks for its module.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made() -> ModuleType:
    """docs/refusals.py."""
    return _of_docs("refusals")


@pytest.fixture(scope="module")
def words() -> ModuleType:
    """docs/words.py."""
    return _of_docs("words")


def test_every_kind_of_refusal_has_the_exit_code_of_its_class(made: ModuleType) -> None:
    """Only the two at the root of the tree are never raised with words of their own."""
    classes = {
        name: str(kind.exit_code)
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.TransferError)
    }
    assert len(classes) > 20
    told = {name: code for name, (code, _) in made._KINDS.items()}
    assert told == {n: c for n, c in classes.items() if n not in ("TransferError", "NodeError")}


def test_a_refusal_is_found_with_what_is_filled_in_as_a_gap(
    made: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "transfer").mkdir()
    (tmp_path / "transfer" / "one.py").write_text(
        textwrap.dedent(
            """
            _CURE = "Scan again: " "eucaim-transfer scan NAME"
            def look(n):
                raise StepBlocked(f"{n} files are gone.", _CURE)
            """
        )
    )
    assert made.refusals(tmp_path) == [
        ("3", "… files are gone.", "Scan again: eucaim-transfer scan NAME")
    ]


def test_the_page_has_the_words_of_the_program(made: ModuleType) -> None:
    page = made.page(ROOT)
    assert "The screens need a terminal, and there is none here." in page
    assert "| Nobody is signed in to this node…. |" in page
    assert "| This cohort has no key yet. |" in page
    assert page.count("\n| ") > 500


def test_what_a_screen_says_is_found_with_its_line_and_its_notes_are_not(
    words: ModuleType, tmp_path: Path
) -> None:
    module = tmp_path / "one.py"
    module.write_text(
        textwrap.dedent(
            """
            \"\"\"A note for who reads the source.\"\"\"
            _STYLE = "bold $key"
            class Page:
                BINDINGS = [Binding("p", "pause", "Pause", id="run.pause")]
                def say(self, n):
                    return f"{n} of {self.all} sent", "Nothing is lost."
            """
        )
    )
    assert words.texts(module) == [
        (5, "Pause"),
        (7, "Nothing is lost."),
        (7, "… of … sent"),
    ]


def test_the_page_of_words_has_those_of_screens_and_commands(words: ModuleType) -> None:
    page = words.page(ROOT)
    assert "Nothing is lost: it can be started again and goes on where it stopped." in page
    assert "Stopping: requests under way are finished first." in page
    assert page.count("\n- ") > 3000
