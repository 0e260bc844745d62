"""Subjects on the stand-in, and clinical data for them."""

from __future__ import annotations

import uuid

from adapters.sandbox.server import Sandbox
from tests.sandbox.bodies import dataset, part10, uid


def put_subject(sandbox: Sandbox, subject: str) -> str:
    """One image of that subject on the stand-in."""
    made = dataset(f"image of {subject}", study=f"study of {subject}")
    made.PatientID = subject
    path = sandbox.store.spool()
    path.write_bytes(part10(made))
    sandbox.store.keep(path, sandbox.store.examine(path))
    assert sandbox.store.holds(uid(f"image of {subject}"))
    return subject


def fresh_subject(sandbox: Sandbox) -> str:
    """A subject that no other test uses."""
    return put_subject(sandbox, f"SUBJ-{uuid.uuid4().hex[:12]}")
