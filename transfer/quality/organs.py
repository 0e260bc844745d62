"""Which body parts of images can show an organ: only to tell what surely cannot be.

A region is given to an organ as soon as its images may be filed there; whatever is on neither list
is compared with nothing (EUCAIM's requirements, CLP-24).
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Final

from transfer.quality.terms import BODY_PARTS

_HEAD: Final = "head"
_NECK: Final = "neck"
_CHEST: Final = "chest"
_ABDOMEN: Final = "abdomen"
_PELVIS: Final = "pelvis"

# An organ is near the borders of its region: images of the region beside it may show it.
_ORGANS: Final = MappingProxyType(
    {
        "brain": (_HEAD,),
        "larynx": (_HEAD, _NECK),
        "pharynx": (_HEAD, _NECK),
        "oral cavity": (_HEAD, _NECK),
        "head and neck": (_HEAD, _NECK),
        "thyroid": (_NECK, _CHEST),
        "thymus": (_NECK, _CHEST),
        "lung": (_CHEST,),
        "pleura": (_CHEST,),
        "heart": (_CHEST,),
        "breast": (_CHEST,),
        "oesophagus": (_NECK, _CHEST, _ABDOMEN),
        "esophagus": (_NECK, _CHEST, _ABDOMEN),
        "stomach": (_CHEST, _ABDOMEN),
        "liver": (_CHEST, _ABDOMEN),
        "gallbladder": (_CHEST, _ABDOMEN),
        "bile duct": (_CHEST, _ABDOMEN),
        "pancreas": (_CHEST, _ABDOMEN),
        "spleen": (_CHEST, _ABDOMEN),
        "adrenal gland": (_CHEST, _ABDOMEN),
        "kidney": (_CHEST, _ABDOMEN, _PELVIS),
        "small intestine": (_ABDOMEN, _PELVIS),
        "colon": (_ABDOMEN, _PELVIS),
        "rectum": (_ABDOMEN, _PELVIS),
        "anus": (_ABDOMEN, _PELVIS),
        "bladder": (_ABDOMEN, _PELVIS),
        "prostate": (_ABDOMEN, _PELVIS),
        "testis": (_ABDOMEN, _PELVIS),
        "ovary": (_ABDOMEN, _PELVIS),
        "uterus": (_ABDOMEN, _PELVIS),
        "cervix uteri": (_ABDOMEN, _PELVIS),
    }
)
_PARTS: Final = MappingProxyType(
    {
        _HEAD: "BRAIN CEREBELLUM CEREBHEMISPHERE EAR EYE FACE HEAD IAC JAW MANDIBLE MAXILLA MOUTH"
        " NASALBONE ORBIT PAROTID SCALP SELLA SINUS SKULL TONGUE",
        _NECK: "LARYNX NASOPHARYNX NECK PARATHYROID PHARYNX THYROID",
        _CHEST: "BREAST BRONCHUS CHEST HEART LUNG MEDIASTINUM RIB STERNUM THYMUS TRACHEA",
        _ABDOMEN: "ABDOMEN ADRENAL BILEDUCT BILIARYTRACT COLON DUODENUM GALLBLADDER KIDNEY LIVER"
        " PANCREAS SMALLINTESTINE SPLEEN STOMACH",
        _PELVIS: "BLADDER CERVIX OVARY PELVIS PENIS PROSTATE RECTUM SCROTUM SEMVESICLE TESTIS"
        " UTERUS VAGINA VULVA",
    }
)
_LIMBS: Final = "ANKLE ARM CALF ELBOW FINGER FOOT FOREARM HAND KNEE LEG LOWERLEG THUMB TOE WRIST"


def contradicts(organ: str, body_parts: frozenset[str]) -> bool:
    """Whether none of these body parts can show the organ. Images of an unknown part, or of
    several regions in one, contradict nothing."""
    regions = _ORGANS.get(organ.strip().casefold())
    if regions is None or not body_parts:
        return False
    return all(_is_elsewhere(part, frozenset(regions)) for part in body_parts)


@cache
def _is_elsewhere(body_part: str, regions: frozenset[str]) -> bool:
    part = body_part.upper().replace(" ", "").replace("_", "")[:32]
    if part not in BODY_PARTS:
        return False
    if part in _LIMBS.split():
        return True
    own = next((region for region, parts in _PARTS.items() if part in parts.split()), None)
    return own is not None and own not in regions
