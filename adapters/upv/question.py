"""What is not public about QP-Insights, as the question that the helpdesk is asked."""

from __future__ import annotations

from typing import Final

QUESTION: Final = (
    "Please tell us the DICOMweb (STOW-RS, QIDO-RS) base address of QP-Insights on the UPV node, "
    "how project, subproject and timepoint are given with a STOW-RS request, and whether the "
    "account may list instances by QIDO-RS."
)

CLINICAL_QUESTION: Final = (
    "Please tell us how QP-Insights on the UPV node takes clinical data by its REST API: the "
    "address and method for the eForm of one subject, how project, subproject and subject are "
    "named in it, the envelope of the JSON, whether it replaces what is there or adds to it, and "
    "how it is read back; the page and field names of our project's eCRF template with their "
    "types and values; or else the address that takes a clinical table (CSV, first column "
    "PatientID)."
)
"""The same of clinical data (upv-node.md 4.2)."""
