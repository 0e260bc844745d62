"""`preview`: the middle slice of a series as a picture that only its owner can open."""

from __future__ import annotations

import argparse

from transfer.errors import UsageError
from transfer.preview.files import Preview, clear_previews, write_preview
from transfer.values import ExitCode
from transfer.workspace import Home
from tui import figures
from tui.cli.output import answering, print_json, say, tell


def preview_command(options: argparse.Namespace) -> int:
    """Write a preview and print where it is; with `--clear` remove all that there are."""
    workspace = Home.find().workspace(options.name)
    if options.clear and options.key:
        raise UsageError("--clear removes all previews.", "Leave the key out.")
    if options.clear:
        n = clear_previews(workspace)
        with answering():
            if options.json:
                print_json({"transfer": workspace.name, "removed": n})
            else:
                say(f"{figures.count(n, 'preview')} removed.")
        return ExitCode.DONE
    if not options.key:
        raise UsageError(
            "A preview is of one series.",
            "Add its key, E3 for one: eucaim-transfer review NAME shows them all.",
        )
    preview = write_preview(workspace, options.key)
    with answering():
        if options.json:
            print_json(_document(workspace.name, preview))
            return ExitCode.DONE
        tell(told(preview))
        say(str(preview.path))
    return ExitCode.DONE


def told(preview: Preview) -> str:
    """What was drawn, in a sentence."""
    frame = f", frame {preview.frame:,} of {preview.frames:,}" if preview.frames > 1 else ""
    size = f"{preview.columns:,} by {preview.rows:,}"
    return f"{preview.key}: {preview.instance_key}{frame}, {size}, {preview.how}."


def _document(transfer: str, preview: Preview) -> dict[str, object]:
    return {
        "transfer": transfer,
        "key": preview.key,
        "instance": preview.instance_key,
        "path": str(preview.path),
        "rows": preview.rows,
        "columns": preview.columns,
        "frame": preview.frame,
        "frames": preview.frames,
        "how": preview.how,
    }
