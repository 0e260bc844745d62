"""Terms of the standard that rules compare with."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from transfer import dictionary


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODALITIES: Final = _words(
    """
    ANN AR ASMT AU BDUS BI BMD CFM CR CT CTPROTOCOL DG DMS DOC DX ECG EEG EMG EOG EPS ES FID GM HC
    HD IO IOL IVOCT IVUS KER KO LEN LS M3D MG MR NM OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS OT PA
    PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN
    RTSTRUCT RWV SEG SM SMR SR SRF STAIN TEXTUREMAP TG US VA XA XAPROTOCOL XC
    """
)
"""Defined terms of Modality (PS3.3 section C.7.3.1.1.1, 2024e)."""

RETIRED_MODALITIES: Final = _words("AS CD CF CP CS DD DF DM DS EC FA FS LP MA MS OPR ST VF VD")
"""Terms that the standard had once (as before): what they mean is known."""

BODY_PARTS: Final = _words(
    """
    ABDOMEN ABDOMENPELVIS ACJOINT ADRENAL AMNIOTICFLUID ANKLE ANTECUBITALV ANTTIBIALA ANUS AORTA
    AORTICARCH APEX APPENDIX ARM ARTERY ASCAORTA ASCENDINGCOLON ATRIUM AXILLA AXILLARYA AXILLARYV
    BACK BASILICV BILEDUCT BILIARYTRACT BLADDER BONE BRACHIALA BRACHIALV BRAIN BREAST BRONCHUS
    BUTTOCK CALCANEUS CALF CAROTID CBD CELIACA CEPHALICV CEREBELLUM CEREBHEMISPHERE CEREBRALA
    CERVIX CHEEK CHEST CHESTABDOMEN CHESTABDPELVIS CHOROIDPLEXUS CIRCLEOFWILLIS CLAVICLE COCCYX
    COLON COMMONILIACA COMMONILIACV CORNEA CORONARYARTERY CORONARYSINUS CSPINE CTSPINE DESCAORTA
    DESCENDINGCOLON DUODENUM EAR ELBOW ENDOARTERIAL ENDOCARDIAC ENDOESOPHAGEAL ENDOMETRIUM
    ENDONASAL ENDONASOPHARYNX ENDORECTAL ENDORENAL ENDOURETERIC ENDOURETHRAL ENDOVAGINAL
    ENDOVASCULAR ENDOVENOUS ENDOVESICAL EPIDIDYMIS EPIGASTRIC ESOPHAGUS EXTCAROTID EXTILIACA
    EXTILIACV EXTJUGV EXTREMITY EYE EYELID FACE FACIALA FALLOPIANTUBE FEMORALA FEMORALV FEMUR
    FIBULA FINGER FLANK FONTANEL FOOT FOREARM FOREFOOT GALLBLADDER GENITALIA GROIN GSTOMACH
    GUTTRACT HAND HEAD HEADNECK HEART HEPATICA HEPATICV HINDFOOT HIP HUMERUS IAC ILEUM ILIACA
    ILIACV ILIUM INNOMINATEA INNOMINATEV INTCAROTID INTILIACA INTJUGULARV IVC JAW JEJUNUM JOINT
    KIDNEY KNEE LARYNX LATRIUM LEFTATRIUM LEG LEGS LIVER LOWERARM LOWERLEG LOWERLIMB LSPINE
    LSSPINE LUMEN LUNG LVENTRICLE LYMPHNODE MANDIBLE MASTOID MAXILLA MEDIASTINUM MESENTRICA
    MESENTRICV MIDFOOT MOUTH MUSCLE NASALBONE NASOPHARYNX NECK NECKCHEST NECKCHESTABDOMEN
    NECKCHESTABDPELV NOSE OCCPITALA OPTICCANAL ORBIT OVARY PANCBILEDUCT PANCREAS PANCREATICDUCT
    PARASTERNAL PARATHYROID PAROTID PATELLA PELVIS PELVISLOWEXTREMT PENIS PERITONEUM PEROENALA
    PERONEALA PHANTOM PHARYNX PLACENTA POPLITEALA POPLITEALV PORTALV PROSTATE PULMONARYA
    PULMONARYV RADIALA RATRIUM RECTUM RENALA RENALV RIB RVENTRICLE SACRUM SCALP SCAPULA SCJOINT
    SCLERA SCROTUM SELLA SEMVESICLE SESAMOID SFJ SHOULDER SIJOINT SINUS SKIN SKULL SMALLINTESTINE
    SPINALCORD SPINE SPLEEN SPLENICA SPLENICV SSPINE STERNUM STOMACH SUBCLAVIANA SUBCLAVIANV
    SUBCOSTAL SUBMANDIBULAR SUPRACLAVICULAR SUPRAPUBIC SVC TESTIS THALAMUS THIGH THUMB THYMUS
    THYROID TIBIA TLSPINE TMJ TOE TONGUE TRACHEA TSPINE UMBILICALA UMBILICALV UPPERARM UPPERLIMB
    UPRURINARYTRACT URETER URETHRA UTERUS VAGINA VEIN VERTEBRALA VULVA WHOLEBODY WRIST ZYGOMA
    """
)
"""Defined terms of Body Part Examined (PS3.16 annex L); of those longer than a Code String can be,
the abbreviated ones."""

FACE_MODALITIES: Final = _words("CT MR PT")
"""Volumes in which a face can be made out."""

FACE_PARTS: Final = _words(
    """
    BRAIN CEREBELLUM CEREBHEMISPHERE CEREBRALA CHEEK CIRCLEOFWILLIS CORNEA EAR EYE EYELID FACE
    HEAD HEADNECK IAC INTCAROTID EXTCAROTID CAROTID JAW MANDIBLE MASTOID MAXILLA MOUTH NASALBONE
    NASOPHARYNX NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE OPTICCANAL ORBIT PAROTID
    PHARYNX SCALP SELLA SINUS SKULL SUBMANDIBULAR THALAMUS TMJ TONGUE WHOLEBODY ZYGOMA
    """
)
"""Body parts with which the face, or a part of it, is in the picture as a rule."""

LABEL_MAP: Final = "1.2.840.10008.5.1.4.1.1.66.7"
SEGMENTATIONS: Final = frozenset(("1.2.840.10008.5.1.4.1.1.66.4", LABEL_MAP))
DOCUMENTS: Final = frozenset(("1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.104.2"))
"""Encapsulated PDF and CDA: pages of text in one piece."""
STRUCTURE_SETS: Final = frozenset(("1.2.840.10008.5.1.4.1.1.481.3",))

# PS3.5 section 9.1: components without leading zeros, 64 characters in all.
_UID: Final = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")
_STORAGE: Final = "1.2.840.10008.5.1.4."
# PS3.4 annex B.5: waveforms, presentation states, registrations and segmentations, surfaces,
# ophthalmic measurements, reports and notes, documents, RT objects but the image, protocols.
_NO_IMAGES: Final = re.compile(
    r"1\.2\.840\.10008\.5\.1\.4\."
    r"(1\.1\.(8|9|10|11|66|67|68|77\.1\.5\.3|78|79|80|88|90|91|104|129|131|200|201)(\.|$)"
    r"|1\.1\.481\.(?!1$)|(34|38|39|43|44|45)\.)"
)


def is_face_part(body_part: str) -> bool:
    """Whether a face belongs to it; blanks and underscores between words do not count."""
    return body_part.upper().replace(" ", "").replace("_", "") in FACE_PARTS


def is_image(sop_class_uid: str) -> bool:
    """Whether its instances are pictures taken of a patient; unknown classes are taken for such."""
    return _NO_IMAGES.match(sop_class_uid) is None


def is_uid(text: str) -> bool:
    """Whether a UID is well-formed."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


# Label Map Segmentation and Height Map, which pydicom 3.0 does not know yet.
_NEWER: Final = frozenset(("1.2.840.10008.5.1.4.1.1.66.7", "1.2.840.10008.5.1.4.1.1.66.8"))


@cache
def is_storage_class(uid: str) -> bool:
    """Whether the standard defines this SOP Class for storing, retired ones included."""
    if uid in _NEWER:
        return True
    entry = dictionary.uids().get(uid)
    if entry is None or not uid.startswith(_STORAGE):
        return False
    return entry[1] == "SOP Class" and "Storage" in entry[0]


@cache
def is_transfer_syntax(uid: str) -> bool:
    """Whether the standard defines this transfer syntax, retired ones included."""
    entry = dictionary.uids().get(uid)
    return entry is not None and entry[1] == "Transfer Syntax"
