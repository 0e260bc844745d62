"""What the messages of a creation that failed mean, in words, with what to do.

Source: upv-node.md 2.3 and the recorded exchanges (dataset-service 3.23); a message that is not
known is told as it is.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_LONGEST: Final = 200


class Explained(NamedTuple):
    """What happened, and the remedy."""

    what: str
    remedy: str


_AGAIN: Final = (
    "Remove what is left of it (eucaim-transfer dataset NAME --delete --confirm NAME), then make it"
    " anew."
)
_KNOWN: Final = (
    (
        "unexpected error",
        "The node gave up making the dataset and does not say why. Likely causes: a Study whose"
        " images carry the private tag of another project; a Study without url or a Series without"
        " tags in the index; files of a Series without the suffix .dcm in the data lake.",
        "Export the cases anew from the right project, or mend the index; else ask the node's"
        f" support with the dataset's id. {_AGAIN}",
    ),
    (
        "wrong path",
        "The index names a Study whose path lies outside the node's data lake.",
        f"Take the paths as QP-Insights has them. {_AGAIN}",
    ),
    (
        "error launching dataset creation job",
        "The node could not start making the dataset.",
        f"That is the node's own trouble: tell its support, and try later. {_AGAIN}",
    ),
)
_UNKNOWN: Final = f"Ask the node's support with the dataset's id and this message. {_AGAIN}"


def explain_failure(said: str) -> Explained:
    """A failed creation by the node's last message, which is untrusted text."""
    told = plain(said)
    for beginning, what, remedy in _KNOWN:
        if told.casefold().startswith(beginning):
            return Explained(f"{what} The images on the node are untouched.", remedy)
    quoted = f" It said: {told}" if told else " It did not say why."
    return Explained(
        f"The node gave up making the dataset.{quoted} The images on the node are untouched.",
        _UNKNOWN,
    )


def plain(said: str) -> str:
    """A text of the node on one short line without control characters."""
    text = " ".join("".join(c if c.isprintable() else " " for c in said[:2000]).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
