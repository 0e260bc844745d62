"""What is not public about QP-Insights, as the question that the helpdesk is asked."""

from __future__ import annotations

from typing import Final

QUESTION: Final = (
    "Please tell us the DICOMweb (STOW-RS, QIDO-RS) base address of QP-Insights on the UPV node, "
    "how project, subproject and timepoint are given with a STOW-RS request, and whether the "
    "account may list instances by QIDO-RS."
)
