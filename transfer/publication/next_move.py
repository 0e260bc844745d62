"""What an operator does next at step 10: one sentence, and the command that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transfer.publication.values import Stage

if TYPE_CHECKING:
    from transfer.publication.standing import PublicationState

_AFTER: Final = {
    Stage.CREATING: ("The node makes it; look how far it is.", "dataset {0} --follow"),
    Stage.FAILED: (
        "See why, and remove what is left of it.",
        "dataset {0} --delete --confirm {0}",
    ),
    Stage.DRAFT: ("Look at its metadata, then publish it.", "publish {0}"),
    Stage.RELEASED: (
        "Nothing is to be done here: the platform looks at it. Look now and then.",
        "dataset {0}",
    ),
    Stage.INVALIDATED: ("It is marked as not to be used. See why.", "dataset {0}"),
}


def next_move(state: PublicationState, name: str) -> tuple[str, str]:
    """The next move; empty texts once all is done."""
    what, words = _next(state)
    return what, f"eucaim-transfer {words.format(name)}" if words else ""


def _next(state: PublicationState) -> tuple[str, str]:
    if state.creation is not None:
        return "Nobody knows yet whether the dataset was created; look again.", "dataset {0}"
    stage = state.stage
    if stage is None:
        return "See what is to be done in the node's own pages.", "dataset {0} --guide"
    if stage is Stage.PUBLISHED:
        if state.catalogued:
            return "", ""
        return "Have it described in EUCAIM's catalogue, then record its entry.", "catalogue {0}"
    if stage is Stage.DRAFT and state.is_in_the_way:
        return (
            "The node counts otherwise than was verified: find out why, or accept it.",
            "dataset {0} --accept-difference --by PERSON --reason TEXT",
        )
    return _AFTER[stage]
