"""The entry as one document for programs: figures in full, and what may be handed out beside."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from transfer.catalogue.dcat import json_ld
from transfer.catalogue.entry import Entry
from transfer.catalogue.fields import BY_KEY


def entry_document(entry: Entry) -> dict[str, Any]:
    """Everything that is known of the entry. `figures` are not for others: groups below the limit
    stand in them (`is_small`). `entry` is None for as long as something is in its way."""
    figures = entry.figures
    return {
        "transfer": entry.transfer,
        **entry.state.document(),
        "address": entry.state.address or None,
        "has_changed_since": entry.state.is_seen and entry.state.has_changed,
        "is_ready": not entry.blocks,
        "least": entry.least,
        "is_usual_least": entry.is_usual_least,
        "fields": {
            key: list(values) if BY_KEY[key].kind in ("choices", "words") else "".join(values)
            for key, values in entry.texts.items()
        },
        "proposed": sorted(entry.proposed),
        "figures": {
            "subjects": figures.subjects,
            "studies": figures.studies,
            "series": figures.series,
            "images": figures.images,
            "size_bytes": figures.size_bytes,
            "studies_with_moved_dates": figures.moved_studies,
            "volumes_handed_over": figures.handed_over,
            "ages": figures.ages,
            "years": figures.years,
            "groups": {
                str(facet): [
                    asdict(group) | {"is_small": group.subjects < entry.least} for group in groups
                ]
                for facet, groups in figures.groups.items()
            },
        },
        "remarks": [asdict(remark) for remark in entry.remarks],
        "entry": None if entry.blocks else json_ld(entry),
    }
