"""No screen is without a picture: none is shown to an operator that nobody has looked at."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
from textual.screen import Screen

import tui.screens
from tests.tui.pictured import recorded

_PICTURES = Path(__file__).with_name("__snapshots__")
_BASES = frozenset(
    (
        "Page",
        "FormPage",
        "ActsPage",
        "TransferPage",
        "FolderWalk",
        "ElsewhereScreen",
        "Attempting",
        "FieldEntry",
    )
)
"""What screens are made of, and no screen by themselves."""


def _screens() -> list[str]:
    found = set()
    for module in pkgutil.iter_modules(tui.screens.__path__, "tui.screens."):
        for name, kind in inspect.getmembers(import_module(module.name), inspect.isclass):
            if issubclass(kind, Screen) and kind.__module__.startswith("tui.screens."):
                found.add(name)
    return sorted(found - _BASES)


@pytest.mark.parametrize("screen", _screens())
def test_a_screen_has_a_picture_in_both_sizes(screen: str) -> None:
    pictures = [name for name, shown in recorded().items() if shown == screen]
    assert pictures
    for name in pictures:
        module, _, state = name.partition("/")
        taken = [file.name for file in (_PICTURES / f"test_{module}").iterdir()]
        for size in ("80x24", "120x40"):
            ends = (f"[{state}-{size}].svg", f"{state}[{size}].svg")
            assert any(file.endswith(ends) for file in taken), (name, size)
