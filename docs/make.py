"""What is made out of the program: python docs/make.py [--check]

Writes the manual page and the completions of bash and zsh out of the command line itself; `--check`
writes nothing and ends with 1 where one of them is no longer what the command line says. Needs the
extra `docs`. The site of these pages is made by `mkdocs build`, the recording by docs/record.py.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
_MANUAL = "man/eucaim-transfer.1"
_COMPLETIONS = {
    "bash": "completion/eucaim-transfer.bash",
    "zsh": "completion/_eucaim-transfer",
}


def made() -> dict[str, str]:
    """Each file by its path from here."""
    import shtab

    # As wide everywhere, whoever's terminal it is.
    os.environ["COLUMNS"] = "80"
    from tui.cli.parser import build_parser

    files = {path: shtab.complete(build_parser(), shell) for shell, path in _COMPLETIONS.items()}
    files[_MANUAL] = _manual(build_parser())
    return {path: text.rstrip() + "\n" for path, text in files.items()}


def _manual(parser: argparse.ArgumentParser) -> str:
    from argparse_manpage.manpage import Manpage

    from transfer import __version__

    page = Manpage(
        parser,
        {
            "project_name": "eucaim-transfer",
            "version": __version__,
            "description": "cancer images from a hospital to a EUCAIM reference node",
            "manual_title": "eucaim-transfer",
            # Not today's: the same command line is the same page.
            "date": dt.date(2026, 1, 1).isoformat(),
            "format": "single-commands-section",
        },
    )
    return str(page)


def main() -> int:
    options = _parser().parse_args()
    stale = []
    for path, text in made().items():
        place = HERE / path
        if not place.exists() or place.read_text("utf-8") != text:
            stale.append(path)
            if not options.check:
                place.parent.mkdir(exist_ok=True)
                place.write_text(text, "utf-8")
    if stale and options.check:
        print(f"No longer what the command line says: {', '.join(stale)}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python docs/make.py")
    parser.add_argument("--check", action="store_true", help="write nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
