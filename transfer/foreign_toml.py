"""TOML that a person or another program wrote: read in bounded time, memory and depth.

`tomllib` takes the square of the parts of a dotted key, and of a table's name for each line in it;
it raises RecursionError for what is deeply nested and holds up at a pipe.
"""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from pathlib import Path
from typing import Any, Final

# A long text in one line has as many dots as a key that takes a second.
_MOST_WORK: Final = 16_000_000
_MOST_PARTS_OF_A_TABLE: Final = 32


def parse_toml(text: str) -> dict[str, Any]:
    """The document.

    Raises:
        ValueError: it is no TOML (then `tomllib`'s own), or made to be slow or deep.
    """
    lines = text.split("\n")
    if sum(line.count(".") ** 2 for line in lines) > _MOST_WORK or any(
        line.count(".") > _MOST_PARTS_OF_A_TABLE for line in lines if line.lstrip()[:1] == "["
    ):
        raise ValueError("keys of very many parts")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def read_bounded(path: Path, largest_bytes: int) -> bytes:
    """A file that somebody named. Below `/dev` pipes are read too (`<(…)`), elsewhere nothing but
    a regular file: a pipe in its place would hold us up.

    Raises:
        OSError: it cannot be read, or is no file.
        ValueError: it is larger, or its name cannot be one.
    """
    is_device = path.parts[:2] == ("/", "dev")
    flags = os.O_RDONLY | os.O_CLOEXEC | (0 if is_device else os.O_NONBLOCK | os.O_NOCTTY)
    with open(os.open(path, flags), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not (stat.S_ISREG(mode) or (is_device and stat.S_ISFIFO(mode))):
            raise OSError(errno.EINVAL, "it is no file")
        content = file.read(largest_bytes + 1)
    if len(content) > largest_bytes:
        raise ValueError("it is too large")
    return content
