"""Session and scan types by modality, as XNAT's session builder chooses them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

# In the order in which a modality names a session that holds several.
_SESSIONS: Mapping[str, str] = {
    "PT": "pet",
    "MR": "mr",
    "CT": "ct",
    "MG": "mg",
    "US": "us",
    "NM": "nm",
    "XA": "xa",
    "RF": "rf",
    "DX": "dx",
    "CR": "cr",
    "SM": "sm",
    "OP": "op",
    "SR": "sr",
}
_SCANS_ONLY: Mapping[str, str] = {"SEG": "seg", "RTIMAGE": "rtImage"}
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
SESSION_PREFIXES = (*_SESSIONS.values(), "otherDicom")
SCAN_PREFIXES = (*SESSION_PREFIXES, "sc", "seg", "rtImage")


def session_type(modalities: Collection[str]) -> str:
    """The session's type by the modalities of its scans."""
    prefix = next((p for code, p in _SESSIONS.items() if code in modalities), "otherDicom")
    return f"xnat:{prefix}SessionData"


def scan_type(modality: str, sop_class: str) -> str:
    """The type of one scan."""
    if sop_class.startswith(_SECONDARY_CAPTURE):
        return "xnat:scScanData"
    prefix = {**_SESSIONS, **_SCANS_ONLY}.get(modality, "otherDicom")
    return f"xnat:{prefix}ScanData"


def session_modality(xsi_type: str) -> str:
    """The modality code of a session type, as its `modality` field shows it."""
    prefix = xsi_type.removeprefix("xnat:").removesuffix("SessionData")
    return next((code for code, p in _SESSIONS.items() if p == prefix), "OT")
