"""What is made once more between lease and send, and is not what was prepared."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.test_ahead import planned_instance
from transfer.deid.model import Stretch
from transfer.deid.pixels import PixelPlan
from transfer.deid.pixels.image import Image
from transfer.deid.pixels.native import Grid
from transfer.deid.rewrite import Outgoing, OutgoingIdentity
from transfer.errors import SourceChanged
from transfer.prepare import maker
from transfer.prepare.maker import Remaker
from transfer.prepare.mended import setup_of_mends


async def test_pixels_of_what_came_out_differently_do_not_stay_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may be hundreds of megabytes, and the run goes on with the others."""
    spool = tmp_path / "pixels"
    spool.write_bytes(b"px")
    image = Image(1, 1, 1, 1, "MONOCHROME2", 16, 16, 15, False, False)
    plan = PixelPlan(Stretch(0, 2), 2, image, Grid(1, 1, (b"\0\0",), ()), spool=spool)
    identity = OutgoingIdentity("p", "1.3", "1.4", "1.2.1", "1.2.840.10008.5.1.4.1.1.2", "1.2")
    made = Outgoing((b"head", plan), 6, "b", identity)

    class Desk:
        async def ask(self, task: Any) -> Outgoing:
            return made

    monkeypatch.setattr(maker, "rewriting_desk", lambda *_: Desk())
    remaker = Remaker(setup_of_mends(), b"/", {}, 1)
    with pytest.raises(SourceChanged, match="came out differently"):
        await remaker.pieces(replace(planned_instance(1), head_sha256="a"))
    assert os.listdir(tmp_path) == []
