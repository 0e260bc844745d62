"""`sandbox`, `synth`: stand-in nodes and a synthetic cohort, without a hospital."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict

from transfer.errors import UsageError
from transfer.values import ExitCode
from tui.cli.output import print_json, say
from tui.figures import count, size


def synth_command(options: argparse.Namespace) -> int:
    """Write a synthetic cohort."""
    with with_extra():
        from adapters.sandbox.synth import write_cohort
    if options.patients < 1:
        raise UsageError("A cohort needs a patient.", "Give --patients 1 or more.")
    summary = write_cohort(options.folder, patients=options.patients, seed=options.seed)
    if options.json:
        print_json(asdict(summary) | {"folder": str(options.folder)})
    else:
        say(f"Written: {count(summary.instances, 'instance')}, {size(summary.size_bytes)}.")
    return ExitCode.DONE


def sandbox_command(options: argparse.Namespace) -> int:
    """Serve the stand-in nodes until interrupted."""
    with with_extra():
        from adapters.sandbox.server import serve

    def ready(facts: Mapping[str, object]) -> None:
        print(json.dumps(facts), flush=True)

    async def until_interrupted() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None, "asyncio.run made it"
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        try:
            await serve(options.port, options.home, options.record, options.fault, ready)
        except asyncio.CancelledError:
            return

    asyncio.run(until_interrupted())
    return ExitCode.DONE


@contextmanager
def with_extra() -> Iterator[None]:
    """Turn a missing library of the `sandbox` extra into a sentence."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(
            "The stand-in nodes are not installed.",
            'Install the program with its extra: pip install "eucaim-transfer[sandbox]"',
        ) from error
