"""How clinical data go to a UPV node, as its configuration says."""

from __future__ import annotations

from typing import Final

from adapters.upv.options import Settings, clinical_remedy
from transfer.clinical.leaving import ClinicalWay
from transfer.node import Objection

QP_SUBJECTS: Final = "https://qpinsights.eucaim-node.i3m.upv.es/cases/subjects"
_RULE: Final = "clinical-address"
_AT_ONCE: Final = 4


def clinical_way(settings: Settings, destination: str) -> ClinicalWay:
    """As `Node.clinical_way`; nobody is asked."""
    options, name = settings.clinical, settings.name
    objections = [
        Objection(_RULE, "block", "", unknown, clinical_remedy(name, key))
        for key, unknown in settings.clinical_lacks
    ]
    if options.mode == "eform-json":
        return ClinicalWay(
            by_subject=True,
            reads_back=bool(options.eform_read_url),
            max_concurrency=min(_AT_ONCE, settings.max_concurrency),
            objections=objections,
        )
    if options.mode == "file-csv":
        return ClinicalWay(
            by_file=True,
            reads_back=bool(options.clinical_read_url),
            max_concurrency=1,
            objections=objections,
        )
    if not options.is_chosen:
        objections.append(
            Objection(
                _RULE,
                "warn",
                "",
                "How this node takes clinical data by its REST API is not configured: a person "
                "uploads the checked files.",
                clinical_remedy(name),
            )
        )
    return ClinicalWay(
        by_hand=_by_hand(name, destination),
        reads_back=False,
        max_concurrency=1,
        objections=objections,
    )


def clinical_root(settings: Settings) -> str:
    """The root of the server that takes clinical data; empty where they go by hand. No transfer
    chooses the server: places stand behind it only."""
    options = settings.clinical
    addresses = {"eform-json": options.eform_url, "file-csv": options.clinical_url}
    url = addresses.get(options.mode, "")
    return "/".join(url.split("/")[:3]) + "/" if url else ""


def _by_hand(name: str, destination: str) -> str:
    project, _, subproject = destination.partition("|")
    place = f"project {project}" if project else "your project"
    if subproject and subproject != project:
        place += f", subproject {subproject}"
    if name == "upv":
        return (
            f"Open {QP_SUBJECTS} in a browser and sign in. Choose {place}, and upload the clinical "
            "table as it lies in the folder; it belongs to no timepoint. Where QP-Insights finds "
            "errors it shows them as a table: correct the source, and run this step again."
        )
    return (
        f"Upload the clinical table as it lies in the folder to {place}, in the way that the "
        "administrators of the node give, over an encrypted connection. Where they find errors: "
        "correct the source, and run this step again."
    )
