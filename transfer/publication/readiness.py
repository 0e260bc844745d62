"""What has to be done before a dataset is made or shown (rules ORD-01, ORD-02)."""

from __future__ import annotations

from transfer.errors import StepBlocked
from transfer.ledger.connection import Ledger
from transfer.values import StepState
from transfer.workspace import Workspace


def refuse_unless_ready(workspace: Workspace, ledger: Ledger) -> None:
    """Let nothing go on before the images are verified, and the clinical data done or declared not
    to be.

    Raises:
        StepBlocked: something comes first.
    """
    from transfer.journey.clinical import clinical_record
    from transfer.journey.images import upload_record
    from transfer.status import read_status

    status = read_status(workspace, ledger)
    upload = upload_record(status)
    name = status.order.name
    if upload is None or upload.state is not StepState.DONE:
        raise StepBlocked(
            "The images are not verified on the node yet, so that nothing can be published.",
            f"Finish step 8 first: eucaim-transfer upload {name}",
        )
    if status.clinical.image_only is None and clinical_record(status).state is not StepState.DONE:
        raise StepBlocked(
            "The clinical data are not on the node yet, and nobody has recorded that there are"
            " none, so that nothing can be published.",
            f"Finish step 9 first: eucaim-transfer clinical {name} FILE, or --image-only.",
        )
