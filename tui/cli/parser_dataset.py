"""Words of step 10: `publish`, which is behind the gate, and `dataset`, all that is not."""

from __future__ import annotations

from pathlib import Path

from tui.cli.parser import Commands, Parser, add_command, add_json


def add_dataset_commands(commands: Commands) -> None:
    """`publish`, `dataset`."""
    _publish(commands)
    _dataset(commands)


def _publish(commands: Commands) -> None:
    publish = add_command(
        commands, "publish", "release the dataset, or let others see the project", named=True
    )
    publish.add_argument("--metadata", type=Path, metavar="FILE", help="its metadata: TOML or JSON")
    publish.add_argument(
        "--visibility",
        choices=("protected", "public"),
        help="who sees it, where the node asks (else: protected)",
    )
    publish.add_argument("--confirm", metavar="NAME", help="the transfer's name once more")
    publish.add_argument(
        "--wait", metavar="TIME", help="go on until the node has published it: 10m, 12h, 3d"
    )
    publish.add_argument("--by", metavar="PERSON", help="who publishes it")
    add_json(publish)


def _dataset(commands: Commands) -> None:
    dataset = add_command(
        commands,
        "dataset",
        "what step 10 needs before it is published, and how far it is",
        named=True,
    )
    dataset.add_argument("--offline", action="store_true", help="as it was seen last")
    _before(dataset)
    _after(dataset)
    dataset.add_argument("--by", metavar="PERSON", help="who says so, or does it")
    dataset.add_argument("--reason", metavar="TEXT", help="why")
    add_json(dataset)


def _before(dataset: Parser) -> None:
    dataset.add_argument(
        "--guide", action="store_true", help="what to do in the node's own pages, value by value"
    )
    dataset.add_argument(
        "--pick-up",
        nargs="?",
        const="",
        metavar="ID",
        help="take the new draft there for the dataset of this transfer",
    )
    dataset.add_argument(
        "--create", type=Path, metavar="INDEX.json", help="create it from an index of the studies"
    )
    dataset.add_argument(
        "--clinical-file", type=Path, metavar="FILE", help="with --create: the subjects' data"
    )
    dataset.add_argument(
        "--new-version-of", metavar="ID", help="with --create: of the dataset of that ID"
    )
    dataset.add_argument(
        "--again", action="store_true", help="with --create: a second one is meant"
    )
    dataset.add_argument(
        "--metadata", type=Path, metavar="FILE", help="fill the metadata in: TOML or JSON"
    )
    dataset.add_argument(
        "--template", action="store_true", help="print the form of the metadata, to be filled in"
    )


def _after(dataset: Parser) -> None:
    dataset.add_argument(
        "--follow",
        nargs="?",
        const="1h",
        metavar="TIME",
        help="go on until the node has made it, at most so long: 10m (else 1h)",
    )
    dataset.add_argument(
        "--accept-difference",
        action="store_true",
        help="a person answers for what the node counts otherwise; with --by and --reason",
    )
    dataset.add_argument(
        "--invalidate", action="store_true", help="mark it as not to be used; with --reason"
    )
    dataset.add_argument(
        "--delete", action="store_true", help="remove what the node could not make"
    )
    dataset.add_argument("--confirm", metavar="NAME", help="the transfer's name once more")
