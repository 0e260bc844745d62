"""How a dataset comes to be in QP-Insights, with what to enter there to the letter.

Known of its pages: cases are chosen, then "Export dataset" is pressed, and QP-Insights itself asks
the dataset-service (upv-node.md 2.3). How the dialogue looks is not public.
"""

from __future__ import annotations

from collections.abc import Sequence

from transfer.publication.values import Cohort, GuideLine
from transfer.sentences import count

_LEAST_NAME, _MOST_NAME = 3, 128


def guide(cohort: Cohort, page: str) -> Sequence[GuideLine]:
    """In the order of doing. `page` is QP-Insights' list of cases, empty where it is not known."""
    project, _, subproject = cohort.destination.partition("|")
    since = cohort.first_sent_utc[:10]
    when = f", which came in from {since} on." if since else "."
    lines = [
        GuideLine(
            "Open QP-Insights in a browser, and sign in with the account that is signed in here: "
            "only the account that makes a draft sees it.",
            link=page,
        ),
        GuideLine("Choose the project, called by this code:", cohort.destination),
        GuideLine(
            f"Of the cases, tick those of this transfer and no others{when}",
            _amount(cohort),
        ),
        GuideLine(
            'Press "Export dataset" and enter the name:',
            suggested_name(cohort.dataset_name or cohort.name),
        ),
        GuideLine("Enter the project:", project),
    ]
    if subproject:
        lines.append(GuideLine("Enter the subproject:", subproject))
    return [
        *lines,
        GuideLine("Enter the version, another one where this is a new version:", "1.0"),
        GuideLine(
            "Confirm. The node now creates the dataset by itself: some seconds, or hours where "
            "there are many images. Leave it a draft there: it is released from here, behind the "
            "legal gate. Description, provenance, purpose, licence and contact can be filled in "
            "here as well."
        ),
        GuideLine(
            "Come back here, pick the new draft up and follow it:",
            f"eucaim-transfer dataset {cohort.name} --pick-up --follow",
        ),
    ]


def suggested_name(name: str) -> str:
    """A name long enough for the node, and not too long."""
    fitting = name if len(name) >= _LEAST_NAME else f"{name} dataset"
    return fitting[:_MOST_NAME]


def _amount(cohort: Cohort) -> str:
    return f"{count(cohort.patients, 'subject')}, {count(cohort.studies, 'case')}"
