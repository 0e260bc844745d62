"""The page of step 10 as things stand: its word, the acts it offers, how often it asks the node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from transfer.publication.values import Act, Stage
from tui.datasets import DatasetView
from tui.screens.dataset_polling import CREATING_S, WAITING_S

_UNFINISHED: Final = (Stage.CREATING, Stage.FAILED)
_WORDS: Final = {
    Stage.CREATING: "running",
    Stage.FAILED: "failed",
    Stage.DRAFT: "to do",
    Stage.RELEASED: "waiting",
    Stage.PUBLISHED: "done",
    Stage.INVALIDATED: "blocked",
}


def word_of(view: DatasetView) -> str:
    """How far step 10 is, in a word; published, it still waits for the catalogue."""
    if view.look.dataset is None:
        return "to do"
    stage = view.look.dataset.stage
    is_left = stage is Stage.PUBLISHED and not view.is_catalogued
    return "waiting" if is_left else _WORDS[stage]


def offered(view: DatasetView) -> Mapping[str, bool]:
    """Each act, and whether it can be done as things stand."""
    look, dataset = view.look, view.look.dataset
    may = dataset.may if dataset else frozenset()
    stage = dataset.stage if dataset else None
    is_unborn = dataset is None and look.way.is_born_elsewhere
    return {
        "guide": is_unborn,
        "pick_up": is_unborn,
        "create": is_unborn and look.way.takes_index,
        "delete": Act.DELETE in may and stage in _UNFINISHED,
        "accept": look.is_in_the_way,
        "publish": Act.SHOW in may and not _is_locked(view),
        "metadata": bool(look.way.fields),
        "invalidate": Act.INVALIDATE in may and stage is not Stage.INVALIDATED,
    }


def _is_locked(view: DatasetView) -> bool:
    look = view.look
    blocks = any(fault.severity == "block" for fault in look.faults)
    return bool(view.legal.gaps) or look.is_in_the_way or blocks


def asked_every_s(view: DatasetView) -> float | None:
    """How often the node is asked by itself; None where nothing is waited for."""
    look = view.look
    if look.creation is not None:
        return CREATING_S
    stage = look.dataset.stage if look.dataset else None
    return {Stage.CREATING: CREATING_S, Stage.RELEASED: WAITING_S}.get(stage) if stage else None
