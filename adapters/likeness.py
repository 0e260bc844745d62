"""A stand-in's profile made like that of a real node: what decides about what goes is the real
node's; where it goes and who signs in is the stand-in's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.profiles import NodeProfile
from adapters.proxies import NO_PROXY_AT_ALL
from adapters.upv.clinical_options import mode_of

_LIMITS: Final = ("max_batch_bytes", "max_batch_instances", "max_concurrency")
_KEPT: Final[Mapping[str, tuple[str, ...]]] = {
    "upv": (
        *_LIMITS,
        "stow_query",
        "stow_headers",
        "project_field",
        "timepoint_field",
        "timepoint",
        "eform_mapping",
        "eform_envelope",
    ),
    "xnat": (*_LIMITS, "clinical_level", "clinical_label"),
}
"""Options of the real node by which the same bytes go in the same requests."""
_PATIENCE_S: Final = 60.0
_CLINICAL: Final = {"eform-json": "eform_url", "file-csv": "clinical_url"}


def table_like(
    real: NodeProfile, stand_in: Mapping[str, object], clinical_url: str
) -> dict[str, object]:
    """The table of config.toml for a stand-in that is asked in the place of `real`; `stand_in` is
    its own table, and `clinical_url` where it takes tables."""
    kept = {name: real.options[name] for name in _KEPT[real.kind] if name in real.options}
    table = {
        **stand_in,
        **kept,
        "gate": real.gate,
        "deidentified": real.deidentified,
        "proxy": NO_PROXY_AT_ALL,
        "patience_s": _PATIENCE_S,
    }
    if real.kind == "upv":
        mode = mode_of(real.options)
        addresses = {"eform_url": table.pop("eform_url", None), "clinical_url": clinical_url}
        table["clinical_mode"] = mode
        if (needed := _CLINICAL.get(mode)) is not None:
            table[needed] = addresses[needed]
    return table
