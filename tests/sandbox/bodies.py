"""What the tests of the stand-in send to it: small valid instances, and bodies made of them."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterable
from io import BytesIO

import httpx
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from adapters.sandbox.server import Sandbox

CT = "1.2.840.10008.5.1.4.1.1.2"
BOUNDARY = "b0undary"
STOW_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def uid(*names: object) -> str:
    """A UID that depends on the names alone."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, '/'.join(map(str, names))).int}"


def dataset(sop: str, *, study: str = "study", pixel: int = 0, side: int = 8) -> Dataset:
    """A CT instance of `side` by `side` pixels; `sop` and `study` are names, not UIDs."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = UID(CT)
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = UID(uid(sop))
    made.StudyInstanceUID = uid(study)
    made.SeriesInstanceUID = uid(study, "series")
    made.Modality = "CT"
    made.PatientID = "SUBJ-001"
    made.PatientName = "SUBJ-001"
    made.Rows = made.Columns = side
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation = 15, 0
    made.add_new("PixelData", "OW", bytes([pixel, 0]) * (side * side))
    return made


def part10(made: Dataset) -> bytes:
    """The data set as a DICOM file."""
    buffer = BytesIO()
    dcmwrite(buffer, made, enforce_file_format=True)
    return buffer.getvalue()


def instance(sop: str, *, study: str = "study", pixel: int = 0, side: int = 8) -> bytes:
    return part10(dataset(sop, study=study, pixel=pixel, side=side))


def multipart(
    files: Iterable[bytes], *, boundary: str = BOUNDARY, part_type: str = "application/dicom"
) -> bytes:
    """The files as a STOW-RS body."""
    head = f"--{boundary}\r\nContent-Type: {part_type}\r\n\r\n".encode()
    parts = b"".join(head + file + b"\r\n" for file in files)
    return parts + f"--{boundary}--\r\n".encode()


def trusting(sandbox: Sandbox) -> ssl.SSLContext:
    """A client's context that knows the sandbox's authority and nothing else."""
    return ssl.create_default_context(cafile=str(sandbox.ca_file))


def client(sandbox: Sandbox, token: str | None = None) -> httpx.AsyncClient:
    """A client for the DICOMweb root."""
    headers = {"accept": "application/dicom+json"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    return httpx.AsyncClient(
        base_url=sandbox.endpoints.dicomweb_url,
        verify=trusting(sandbox),
        headers=headers,
        trust_env=False,
    )


async def sign_in(
    sandbox: Sandbox, client_id: str = "qpinsights", **changes: str
) -> httpx.Response:
    """The token endpoint's answer to a password."""
    form = {
        "grant_type": "password",
        "client_id": client_id,
        "username": "ingester",
        "password": "ingester",
    }
    return await ask_issuer(sandbox, form | changes)


async def ask_issuer(sandbox: Sandbox, form: dict[str, str], path: str = "token") -> httpx.Response:
    url = f"{sandbox.endpoints.issuer_url}/protocol/openid-connect/{path}"
    async with httpx.AsyncClient(verify=trusting(sandbox), trust_env=False) as http:
        return await http.post(url, data=form)


async def store(
    http: httpx.AsyncClient, *files: bytes, content_type: str = STOW_TYPE
) -> httpx.Response:
    """One STOW-RS request."""
    return await http.post(
        "/studies", content=multipart(files), headers={"content-type": content_type}
    )


def referenced(answer: httpx.Response) -> list[str]:
    """The SOPInstanceUIDs that the answer calls stored."""
    return _listed(answer, "00081199")


def failed(answer: httpx.Response) -> list[str]:
    """The SOPInstanceUIDs that the answer calls failed."""
    return _listed(answer, "00081198")


def _listed(answer: httpx.Response, tag: str) -> list[str]:
    items = answer.json()[tag].get("Value", [])
    return [item["00081155"]["Value"][0] for item in items]
