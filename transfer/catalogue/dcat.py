"""The entry as JSON-LD, in terms of DCAT-AP 3 and its extension for health where they exist.

Sources: W3C DCAT 3; DCAT-AP 3; HealthDCAT-AP (a draft still); authority tables of the EU for access
rights, languages and themes. What has no term there, counts by modality and the like, stands under
a name space of this program's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from transfer.catalogue.entry import Entry
from transfer.catalogue.figures import Facet
from transfer.catalogue.small import ToldGroup, told_ages, told_years
from transfer.publication.values import Stage

CONTEXT: Final[Mapping[str, str]] = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "healthdcatap": "http://healthdataportal.eu/ns/health#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "transfer": "urn:x-eucaim-transfer:catalogue#",
}
_AUTHORITY: Final = "http://publications.europa.eu/resource/authority/"
_HEALTH: Final = f"{_AUTHORITY}data-theme/HEAL"
_MEDIA: Final = {
    "DICOM": "https://www.iana.org/assignments/media-types/application/dicom",
    "DICOM-SEG": "https://www.iana.org/assignments/media-types/application/dicom",
}
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OWN: Final = {
    Facet.MODALITY: "transfer:byModality",
    Facet.BODY_PART: "transfer:byBodyPart",
    Facet.MANUFACTURER: "transfer:byManufacturer",
    Facet.SEX: "transfer:bySex",
    Facet.AGE: "transfer:byAge",
    Facet.YEAR: "transfer:byYear",
    Facet.FORMAT: "transfer:byFormat",
}
SEXES: Final = {"F": "female", "M": "male", "O": "other"}

Node = dict[str, Any]


def json_ld(entry: Entry) -> Node:
    """The entry as one document. What is not known is not in it."""
    identifier = entry.state.identifier
    is_uuid = _UUID.fullmatch(identifier) is not None
    found: Node = {
        "@context": dict(CONTEXT),
        "@id": f"urn:uuid:{identifier.lower()}" if is_uuid else entry.state.address,
        "@type": "dcat:Dataset",
        "dct:identifier": identifier,
        **_words(entry),
        **_agents(entry),
        **_rights(entry),
        **_coverage(entry),
        **_counts(entry),
        **_of_publication(entry),
        "dcat:distribution": _distributions(entry),
    }
    return {key: value for key, value in found.items() if value not in ("", None, [], {})}


def json_text(entry: Entry) -> str:
    """The same as a file."""
    return json.dumps(json_ld(entry), ensure_ascii=False, indent=1) + "\n"


def _words(entry: Entry) -> Node:
    return {
        "dct:title": entry.text("title"),
        "dct:description": entry.text("description"),
        "dct:provenance": _labelled("dct:ProvenanceStatement", entry.text("provenance")),
        "dpv:hasPurpose": _labelled("dpv:Purpose", entry.text("purpose")),
        "dcat:keyword": list(entry.texts.get("keywords", ())),
        "dcat:theme": _id(_HEALTH),
        "dcat:version": entry.text("version"),
        "dct:language": [
            _id(f"{_AUTHORITY}language/{code}") for code in entry.texts.get("languages", ())
        ],
        "transfer:type": list(entry.texts.get("type", ())),
        "transfer:collectionMethod": list(entry.texts.get("method", ())),
        "healthdcatap:populationCoverage": entry.text("population"),
    }


def _agents(entry: Entry) -> Node:
    publisher, contact = entry.text("publisher"), entry.text("contact")
    mail, page = entry.text("contact-mail"), entry.text("contact-page")
    reached: Node = {"@type": "vcard:Kind", "vcard:fn": contact}
    if mail:
        reached["vcard:hasEmail"] = _id(f"mailto:{mail}")
    if page:
        reached["vcard:hasURL"] = _id(page)
    return {
        "dct:publisher": {"@type": "foaf:Agent", "foaf:name": publisher} if publisher else None,
        "dcat:contactPoint": reached if contact or mail or page else None,
    }


def _rights(entry: Entry) -> Node:
    access = entry.text("access")
    return {
        "dct:accessRights": _id(f"{_AUTHORITY}access-right/{access}") if access else None,
        "dct:rights": _labelled("dct:RightsStatement", entry.text("conditions")),
        "dpv:hasLegalBasis": _labelled("dpv:LegalBasis", entry.text("legal-basis")),
    }


def _coverage(entry: Entry) -> Node:
    period: Node = {"@type": "dct:PeriodOfTime"}
    if years := told_years(entry.figures, entry.least):
        for term, year in zip(("dcat:startDate", "dcat:endDate"), years, strict=True):
            period[term] = {"@type": "xsd:gYear", "@value": f"{year:04}"}
    if entry.text("period"):
        period["rdfs:label"] = entry.text("period")
    return {
        "dct:spatial": [
            _labelled("dct:Location", place) for place in entry.texts.get("countries", ())
        ],
        "dct:temporal": period if len(period) > 1 else None,
        "transfer:studiesWithMovedDates": entry.figures.moved_studies or None,
    }


def _counts(entry: Entry) -> Node:
    found: Node = {
        "healthdcatap:numberOfUniqueIndividuals": _number(entry.subjects),
        "healthdcatap:numberOfRecords": _number(entry.figures.images),
        "transfer:studies": _number(entry.studies),
        "transfer:series": _number(entry.figures.series),
        "transfer:leastSubjectsTold": _number(entry.least),
    }
    if ages := told_ages(entry.figures, entry.least):
        found["healthdcatap:minTypicalAge"] = _number(ages[0])
        found["healthdcatap:maxTypicalAge"] = _number(ages[1])
    for facet, term in _OWN.items():
        part = entry.told(facet)
        found[term] = [_group(facet, group) for group in part.groups]
        if part.withheld:
            found[term].append({"transfer:withheldValues": _number(part.withheld)})
    return found


def value_of(facet: Facet, value: str) -> str:
    """A value as people read it; `unknown` where none left."""
    if not value:
        return "unknown"
    if facet is Facet.SEX:
        return SEXES.get(value, value)
    if facet is Facet.AGE:
        return f"{value} or older" if int(value) >= 90 else f"{value}-{int(value) + 9}"
    return value


def _group(facet: Facet, group: ToldGroup) -> Node:
    counts = (
        ("transfer:subjects", group.subjects),
        ("transfer:studies", group.studies),
        ("transfer:series", group.series),
        ("transfer:images", group.images),
    )
    told: Node = {"transfer:value": value_of(facet, group.value)}
    return told | {term: _number(n) for term, n in counts if n is not None}


def _of_publication(entry: Entry) -> Node:
    if entry.bound is None:
        return {}
    dataset = entry.bound.dataset
    is_out = entry.bound.stage is Stage.PUBLISHED
    return {
        "adms:identifier": [
            {"@type": "adms:Identifier", "skos:notation": pid, "adms:schemaAgency": kind}
            for kind, pid in dataset.pids.items()
        ],
        "dct:issued": {"@type": "xsd:date", "@value": entry.bound.stage_since_utc[:10]}
        if is_out and entry.bound.stage_since_utc
        else None,
        "dcat:landingPage": _id(dataset.link) if dataset.link.startswith("https://") else None,
    }


def _distributions(entry: Entry) -> Sequence[Node]:
    """One of all that the node holds: it is not handed out in parts."""
    formats = [group.value for group in entry.told(Facet.FORMAT).groups]
    found: Node = {
        "@type": "dcat:Distribution",
        "dct:title": "Images on the EUCAIM reference node",
        "dcat:byteSize": _number(entry.figures.size_bytes),
        "dct:format": formats,
        "dcat:mediaType": [
            _id(m) for m in dict.fromkeys(_MEDIA[f] for f in formats if f in _MEDIA)
        ],
    }
    if entry.bound is not None and entry.bound.dataset.link.startswith("https://"):
        found["dcat:accessURL"] = _id(entry.bound.dataset.link)
    licence, page = entry.text("licence"), entry.text("licence-page")
    if page:
        found["dct:license"] = {**_id(page), **({"rdfs:label": licence} if licence else {})}
    elif licence:
        found["dct:license"] = _labelled("dct:LicenseDocument", licence)
    return [{key: value for key, value in found.items() if value not in ([], None)}]


def _id(address: str) -> Node:
    return {"@id": address}


def _labelled(kind: str, text: str) -> Node | None:
    return {"@type": kind, "rdfs:label": text} if text else None


def _number(n: int) -> Node:
    return {"@type": "xsd:nonNegativeInteger", "@value": str(n)}
