"""What a profile can do with an element."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Action(StrEnum):
    """The word that a profile uses."""

    AS_IS = "as-is"
    KEEP = "keep"
    KEEP_TEXT = "keep-text"
    DATA = "data"
    REMOVE = "remove"
    EMPTY = "empty"
    PSEUDONYM = "pseudonym"
    PSEUDONYM_NAME = "pseudonym-name"
    UID = "uid"
    FIRST_OF_MONTH = "first-of-month"
    SHIFTED_DATE = "shifted-date"
    HASH_16 = "hash-16"
    WRITE = "write"
    WRITE_IN_VAIN = "write-in-vain"
    APPEND = "append"
    METHOD_CODES = "method-codes"
    QUARANTINE = "quarantine"
    WALK = "walk"
    VALID = "valid"


MEANING: Final = {
    Action.AS_IS: "left alone",
    Action.KEEP: "kept within the bounds of its kind of value",
    Action.KEEP_TEXT: "kept, although it is text and wherever it stands",
    Action.DATA: "numbers, codes and structure kept, text emptied, binary values removed",
    Action.REMOVE: "removed",
    Action.EMPTY: "emptied",
    Action.PSEUDONYM: "replaced by the pseudonym",
    Action.PSEUDONYM_NAME: "replaced by the pseudonym as a name",
    Action.UID: "replaced by a new UID, the same everywhere",
    Action.FIRST_OF_MONTH: "day set to 01",
    Action.SHIFTED_DATE: "moved back by a number of days that follows from the Patient ID",
    Action.HASH_16: "replaced by 16 digits, the same for the same value",
    Action.WRITE: "replaced by a fixed text",
    Action.WRITE_IN_VAIN: "a text that its VR does not take, so that the original value stays",
    Action.APPEND: "a text added",
    Action.METHOD_CODES: "the codes of the method added",
    Action.QUARANTINE: "the instance is held back",
    Action.WALK: "looked into, item by item",
    Action.VALID: "kept if it is well formed, else emptied",
}

OF_KINDS: Final = frozenset(
    (Action.KEEP, Action.REMOVE, Action.EMPTY, Action.UID, Action.FIRST_OF_MONTH, Action.WALK,
     Action.VALID)
)  # fmt: skip
"""The actions that a profile may give to a kind of value."""

OF_ELEMENTS: Final = frozenset(Action) - {Action.WALK, Action.VALID}
