"""De-identification as far as headers tell it (EUCAIM's requirements, section 8).

The mark itself (DID-02) and original identifiers (DID-03) are looked for where things leave.
"""

from __future__ import annotations

import re
from typing import Final

from transfer.quality.attributes import (
    BODY_PART,
    BURNED_IN,
    CONVERSION_TYPE,
    DEIDENTIFICATION_CODES,
    DEIDENTIFICATION_METHOD,
    IDENTITY_REMOVED,
    IMAGE_COMMENTS,
    IMAGE_TYPE,
    MODALITY,
    OVERLAY_GROUPS,
    PRIVATE_GROUPS,
    PROTOCOL_NAME,
    RECOGNIZABLE_FEATURES,
    SERIES_DESCRIPTION,
    SOP_CLASS,
    STUDY_DESCRIPTION,
    Traits,
)
from transfer.quality.burned_in import Picture, risk_of
from transfer.quality.rule import (
    Choice,
    Circumstances,
    Dimension,
    HeaderRule,
    Problem,
    Rule,
    Severity,
)
from transfer.quality.terms import DOCUMENTS, FACE_MODALITIES, is_face_part, is_image
from transfer.sentences import listed

_TEXTS: Final = (STUDY_DESCRIPTION, SERIES_DESCRIPTION, PROTOCOL_NAME, IMAGE_COMMENTS)
_GROUPS_NAMED: Final = 6
_FACE_WORDS: Final = re.compile(
    r"\b(head|brain|skull|crani\w*|cereb\w*|face|facial|neck|orbit\w*|sinus\w*|t[eê]te|kopf"
    r"|sch[aä]del|hirn|gehirn|hals|cabe[zç]a|cr[aâá]neo?|encef\w*|cuello|hoofd|hersenen|whole.?body)\b",
    re.IGNORECASE,
)


def _says_nothing_yet(now: Circumstances) -> bool:
    """Where a method is in force, what it makes is judged; where nobody asks for de-identified
    data and nothing de-identifies, nothing is."""
    return not now.is_leaving if now.method else not now.requires_deidentified


def _method(traits: Traits, now: Circumstances) -> Problem | None:
    if _says_nothing_yet(now) or traits[IDENTITY_REMOVED] != "YES":
        return None
    if traits[DEIDENTIFICATION_CODES] or not traits.lacks(DEIDENTIFICATION_METHOD):
        return None
    return Problem(
        Severity.BLOCK,
        "That they are de-identified is said in {n} instances, but not by which method.",
    )


def _groups(traits: Traits, now: Circumstances) -> Problem | None:
    # What a profile of ours lets through it keeps by name.
    if _says_nothing_yet(now) or now.is_by_profile:
        return None
    groups = [g for g in (traits[PRIVATE_GROUPS], traits[OVERLAY_GROUPS]) if g]
    if not groups:
        return None
    named = listed(",".join(groups).split(","), _GROUPS_NAMED)
    return Problem(
        Severity.BLOCK,
        f"Private elements, overlays or curves are in {{n}} instances: group {named}.",
    )


def _texts(traits: Traits, now: Circumstances) -> Problem | None:
    if _says_nothing_yet(now):
        return None
    found = [text for text in _TEXTS if not traits.lacks(text)]
    if not found:
        return None
    named = ", ".join(attribute.shown for attribute in found)
    return Problem(Severity.ASK, f"Free text goes along in {{n}} instances: {named}.")


def _burned_in(traits: Traits, now: Circumstances) -> Problem | None:
    if not (now.requires_deidentified or now.method):
        return None
    if traits[SOP_CLASS] in DOCUMENTS and not now.is_by_profile:
        # A profile of ours stops them by itself.
        return Problem(
            Severity.BLOCK,
            "{n} documents (PDF or CDA) go along, which nothing looks into. They name the patient"
            " as a rule.",
        )
    if not is_image(traits[SOP_CLASS]):
        return None
    if now.blanks_pixels and not now.is_leaving:
        return None  # Pixel rules decide image by image what they cover.
    risk = risk_of(
        Picture(
            sop_class=traits[SOP_CLASS],
            modality=traits[MODALITY].upper(),
            image_type=traits[IMAGE_TYPE].upper(),
            series_description=traits[SERIES_DESCRIPTION].upper(),
            conversion_type=traits[CONVERSION_TYPE].upper(),
            burned_in=traits[BURNED_IN].upper(),
        )
    )
    if risk is None:
        return None
    return Problem(Severity.BLOCK, f"{{n}} images may hold text in the picture. {risk}")


def _face(traits: Traits, now: Circumstances) -> Problem | None:
    if not (now.requires_deidentified or now.method) or not is_image(traits[SOP_CLASS]):
        return None
    if traits[MODALITY] not in FACE_MODALITIES or traits[RECOGNIZABLE_FEATURES] == "NO":
        return None
    # One plane shows no face; nor does a projection, which is no volume.
    if "LOCALIZER" in traits[IMAGE_TYPE].upper().split("\\"):
        return None
    if is_face_part(traits[BODY_PART]) or (
        traits.lacks(BODY_PART) and _is_named_after_a_head(traits)
    ):
        return Problem(
            Severity.BLOCK,
            "A face can be made out from {n} images of the head or neck. Were faces removed?",
        )
    return None


def _is_named_after_a_head(traits: Traits) -> bool:
    texts = (SERIES_DESCRIPTION, STUDY_DESCRIPTION, PROTOCOL_NAME)
    return any(_FACE_WORDS.search(traits[text].replace("_", " ")) for text in texts)


RULES: Final[tuple[Rule, ...]] = (
    HeaderRule(
        id="DID-02",
        title="De-identification is said, with its method",
        dimension=Dimension.PRIVATE,
        remedy="Have De-identification Method (0012,0063) or its codes (0012,0064) filled in by"
        " whoever de-identified the images; where that cannot be, a named person answers for it.",
        reads=(IDENTITY_REMOVED, DEIDENTIFICATION_METHOD, DEIDENTIFICATION_CODES),
        judge=_method,
    ),
    HeaderRule(
        id="DID-04",
        title="Private elements, overlays and curves",
        dimension=Dimension.PRIVATE,
        remedy="De-identify with a profile, which removes what it does not know. If they are kept"
        " by intent and hold nothing personal, a named person can answer for it.",
        is_waivable=True,
        reads=(PRIVATE_GROUPS, OVERLAY_GROUPS),
        judge=_groups,
    ),
    HeaderRule(
        id="DID-06",
        title="Free text that stays",
        dimension=Dimension.PRIVATE,
        severities=(Severity.ASK,),
        remedy="Read the texts, each once: Enter on step 4 of the journey, then → (or:"
        " eucaim-transfer review NAME). Then answer; exclude the series in which a text tells who"
        " somebody is.",
        choices=(
            Choice("looked", "A named person read the texts: nothing tells who somebody is"),
            Choice("exclude", "Leave these series out"),
        ),
        reads=_TEXTS,
        judge=_texts,
    ),
    HeaderRule(
        id="DID-07",
        title="Text in the picture",
        dimension=Dimension.PRIVATE,
        remedy="Look at the pictures. If a name or number stands in one, have it blanked by pixel"
        " rules, or exclude the series; if none does, a named person answers for it.",
        choices=(
            Choice("clean", "A named person looked: no picture tells who somebody is"),
            Choice("exclude", "Leave these series out"),
        ),
        reads=(
            SOP_CLASS,
            MODALITY,
            IMAGE_TYPE,
            SERIES_DESCRIPTION,
            CONVERSION_TYPE,
            BURNED_IN,
        ),
        is_about_pixels=True,
        judge=_burned_in,
    ),
    HeaderRule(
        id="DID-09",
        title="Faces",
        dimension=Dimension.PRIVATE,
        remedy="Have faces removed before the images come here, or exclude the series; then answer"
        " what was done.",
        choices=(
            Choice("removed", "Faces were removed from these images"),
            Choice("no-face", "A named person looked: no face can be made out"),
            Choice("exclude", "Leave these series out"),
        ),
        reads=(
            SOP_CLASS,
            MODALITY,
            BODY_PART,
            IMAGE_TYPE,
            RECOGNIZABLE_FEATURES,
            SERIES_DESCRIPTION,
            STUDY_DESCRIPTION,
            PROTOCOL_NAME,
        ),
        is_about_pixels=True,
        judge=_face,
    ),
)
