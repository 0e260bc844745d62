"""Which column of a table holds which attribute, told from its heading.

Only English spellings of which there is no doubt; what is merely alike is proposed, in `proposing`.
What a person chose is handed to `roles_of` and goes before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """An attribute that rules ask a table for; the codes stand in ledgers and never change."""

    PATIENT = "patient"
    AGE_AT_DIAGNOSIS = "age-at-diagnosis"
    AGE = "age"
    DIAGNOSIS_DATE = "diagnosis-date"
    IMAGING_DATE = "imaging-date"
    BIRTH_DATE = "birth-date"
    OTHER_DATE = "other-date"
    SEX = "sex"
    STUDY = "study"
    EPISODE = "episode"
    TIMEPOINT = "timepoint"
    RELATIVE_DAY = "relative-day"
    POPULATION = "population"
    DETECTION_DATE = "detection-date"
    CONFIRMATION = "confirmation"
    TOPOGRAPHY = "topography"
    REGION = "region"
    LATERALITY = "laterality"
    PATHOLOGY = "pathology"
    PROTOCOL = "protocol"
    TREATMENT = "treatment"
    TREATMENT_DATE = "treatment-date"


DATES: Final = (
    Role.DETECTION_DATE,
    Role.DIAGNOSIS_DATE,
    Role.TREATMENT_DATE,
    Role.IMAGING_DATE,
    Role.BIRTH_DATE,
    Role.OTHER_DATE,
)

# As EUCAIM spells them first, then as tables do; of two columns the earlier spelling wins.
SPELLINGS: Final[Mapping[Role, tuple[str, ...]]] = MappingProxyType(
    {
        Role.AGE_AT_DIAGNOSIS: ("ageatdiagnosis", "diagnosisage", "agediagnosis", "ageatdx"),
        Role.AGE: ("age", "ageattheimage", "ageatimaging", "ageatstudy", "patientage", "ageyears"),
        Role.DIAGNOSIS_DATE: (
            "diagnosisdate",
            "dateofdiagnosis",
            "datediagnosis",
            "dateofpathologyconfirmationdiagnosisdate",
            "dateofpathologyconfirmation",
            "pathologyconfirmationdate",
            "baselinedate",
            "dateofbaseline",
        ),
        Role.IMAGING_DATE: (
            "dateofimagingacquisition",
            "imagingdate",
            "studydate",
            "dateofstudy",
            "dateofimaging",
            "imagingacquisitiondate",
            "scandate",
            "acquisitiondate",
            "examdate",
        ),
        Role.BIRTH_DATE: (
            "dateofbirth", "birthdate", "patientbirthdate", "patientsbirthdate", "dob",
        ),
        Role.POPULATION: ("population", "populationstatus", "statuscategory", "cohortgroup"),
        Role.DETECTION_DATE: (
            "dateofradiologydetection",
            "radiologydetectiondate",
            "detectiondate",
            "dateofdetection",
        ),
        Role.CONFIRMATION: (
            "pathologyconfirmation",
            "pathologyconfirmationmethod",
            "confirmationmethod",
        ),
        Role.TOPOGRAPHY: ("topography", "organ", "tumoursite", "tumorsite", "primarysite"),
        Role.REGION: ("topographyregion", "region", "subsite"),
        Role.LATERALITY: ("laterality", "topographylaterality", "side"),
        Role.PATHOLOGY: ("pathology", "histology", "histologicaltype", "histologicaldiagnosis"),
        Role.PROTOCOL: ("imagingprocedureprotocol", "imagingprotocol", "imagingprocedure"),
        Role.TREATMENT: ("treatment", "treatments", "treatmenttype", "firsttreatment"),
        Role.TREATMENT_DATE: (
            "dateoffirsttreatment",
            "firsttreatmentdate",
            "treatmentdate",
            "dateoftreatment",
            "treatmentstartdate",
        ),
        Role.SEX: ("sex", "gender", "patientsex", "patientssex", "sexatbirth", "biologicalsex"),
        Role.STUDY: ("studyinstanceuid", "studyuid", "studyid"),
        Role.EPISODE: ("episode", "episodename", "diseaseepisode"),
        Role.TIMEPOINT: ("timepoint", "imagingtimepoint", "timepointnumber", "visit"),
        Role.RELATIVE_DAY: (
            "relativedays",
            "relativeday",
            "daysfrombaseline",
            "daysfromdiagnosis",
            "dayfromdiagnosis",
            "dayssincediagnosis",
            "dayssincebaseline",
            "reldays",
            "relday",
        ),
    }
)  # fmt: skip
_OTHER_DATE: Final = re.compile(r"(?:^|[ _.-])[Dd](?:ate|ATE)(?:$|[ _.-])|[a-z]Date$|^DATE")

# Columns that name a person whatever stands in them (TAB-05).
_TELLING: Final = MappingProxyType(
    {
        "names": (
            "name", "patientname", "patientsname", "firstname", "lastname", "surname",
            "familyname", "givenname", "fullname", "forename", "middlename", "maidenname",
            "nombre", "apellido", "apellidos", "nachname", "vorname", "cognome", "nome", "nom",
            "prenom",
        ),
        "addresses": (
            "address", "streetaddress", "street", "homeaddress", "patientaddress", "postcode",
            "zipcode", "postalcode", "direccion", "adresse", "indirizzo",
        ),
        "phone numbers": (
            "phone", "phonenumber", "telephone", "telephonenumber", "mobile", "mobilephone",
            "telefono", "telefon",
        ),
        "e-mail addresses": ("email", "emailaddress", "mail", "correo"),
        "national or insurance numbers": (
            "nationalid", "nationalnumber", "nationalidnumber", "ssn", "socialsecuritynumber",
            "dni", "nie", "nif", "nhsnumber", "bsn", "codicefiscale", "insurancenumber",
            "insuranceid", "passport", "passportnumber", "nationalidentificationnumber",
        ),
        "hospital numbers": (
            "mrn", "medicalrecordnumber", "accessionnumber", "hospitalnumber", "nhc",
            "historiaclinica", "numerohistoriaclinica", "numerodehistoriaclinica",
            "patientennummer", "fallnummer", "cartellaclinica", "numerodossier", "ipp",
        ),
    }
)  # fmt: skip
# These say it in whatever company: "Patient's surname", "DNI (patient)", "telephone 2".
_TELLING_WORDS: Final = frozenset(
    (
        "surname", "forename", "apellido", "apellidos", "nachname", "vorname", "cognome", "prenom",
        "telephone", "telefono", "telefon", "email", "dni", "nif", "nhc", "mrn", "ssn", "bsn",
        "passport",
    )
)  # fmt: skip


_BIRTH: Final = (
    "birth", "nacim", "fnac", "geburt", "gebdat", "nascita", "nasciment", "naissance", "geboorte",
    "fodsel", "fodelse", "urodz", "narozen", "narodenia", "szulet", "nastere", "rodenj", "rojstva",
    "syntym", "gennisi", "γεννησ", "рожд", "ражд", "народж", "sunni", "gimim", "dzimsan",
)  # fmt: skip


def is_patient_heading(heading: str) -> bool:
    """Whether a heading is `PatientID`; blanks, case and underscores do not count (TAB-01)."""
    return bare(heading) == "patientid"


def roles_of(
    headings: Sequence[str], chosen: Mapping[int, Role | None] = MappingProxyType({})
) -> dict[int, Role]:
    """The role of each column that has one, by its place from 0. Each role but those of further
    dates is given once. `chosen` is what a person said, None where a column holds no attribute; it
    goes before."""
    roles = dict(chosen)
    if headings and is_patient_heading(headings[0]) and Role.PATIENT not in roles.values():
        roles.setdefault(0, Role.PATIENT)
    spelt = [bare(heading) for heading in headings]
    for role, spellings in SPELLINGS.items():
        if role in roles.values():
            continue
        for spelling in spellings:
            if spelling in spelt and spelt.index(spelling) not in roles:
                roles[spelt.index(spelling)] = role
                break
    for place, heading in enumerate(headings):
        if place not in roles and _OTHER_DATE.search(heading[:256]):
            roles[place] = Role.OTHER_DATE
    return {place: role for place, role in roles.items() if role is not None}


def telling(heading: str) -> str:
    """Which identifiers a column of this heading holds; empty where none."""
    words = {bare(word) for word in re.split(r"[^\w]+|_", heading[:256])}
    texts = {bare(heading), *(words & _TELLING_WORDS)}
    return next((kind for kind, known in _TELLING.items() if not texts.isdisjoint(known)), "")


def is_birth(heading: str) -> bool:
    """Whether a heading speaks of a birth, in a language of Europe: a date below it is that of one,
    whatever else the heading says."""
    return any(word in bare(heading) for word in _BIRTH)


def bare(heading: str) -> str:
    """A heading without case, accents, blanks and signs."""
    text = unicodedata.normalize("NFKD", heading[:256]).casefold()
    return "".join(c for c in text if c.isalnum())


_LETTERS: Final = "A-Za-zÀ-ÖØ-öø-ɏ"
_SHOWABLE: Final = re.compile(rf"[{_LETTERS}][{_LETTERS}_ ()/.%-]{{0,39}}[0-9]?")


def column_told(place: int, heading: str) -> str:
    """A column in a message: by its heading where that surely is one, else by its number.

    A table without headings has a patient's values in their place.
    """
    if _SHOWABLE.fullmatch(heading):
        return f"column {heading}"
    return f"column {place + 1}"
