"""`python -m tests.fuzz TARGET [--seconds N] [--corpus DIR]`: fuzz one target, and count.

Guided by the coverage of our own code. A crash, an assertion, an input that takes longer than five
seconds and memory beyond 1 GiB each end the run with the input kept in the corpus folder.
Needs `pip install '.[fuzz]'`.
"""

from __future__ import annotations

import argparse
import atexit
import hashlib
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import atheris

from tests.fuzz.targets import TARGETS

_SEED_BYTES = 16 * 1024
_INPUT_BYTES = 64 * 1024


_TABLES = (
    'PatientID,Age,Note\r\nA,61.4,"one\r\ntwo"\r\nB,58,x\r\n',
    "sep=;\rPatientID;Age\r'A';'61,4'\r",
    '[{"PatientID": "A", "Age": 61.50}, {"PatientID": "B", "Dead": true}]',
    '{"PatientID": ["A", "B"], "Age": {"0": 1}}',
    '{"subjectName": "A", "eForm": {"pages": [{"page_name": "p", "page_data":'
    ' {"Age": {"value": 61}}}]}}\n{"subjectName": "B", "eForm": {"Age": null}}',
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    '<row r="1"><c r="A1" t="inlineStr"><is><t>PatientID</t></is></c><c r="B1" t="str"><v>a</v>'
    '</c></row><row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2"><f>1+1</f><v>45000</v></c>'
    '</row><row r="3"><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="d"><v>2024-01-31</v></c>'
    "</row></sheetData></worksheet>",
)

_ANSWERS = (
    '{"00081199": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2.3.1"]}}]},'
    ' "00081198": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2.3.2"]},'
    ' "00081197": {"vr": "US", "Value": [272]}}]}}',
    '<NativeDicomModel><DicomAttribute tag="00081199" vr="SQ"><Item number="1"><DicomAttribute'
    ' tag="00081155" vr="UI"><Value number="1">1.2.3.1</Value></DicomAttribute></Item>'
    "</DicomAttribute></NativeDicomModel>",
    '<cat:DCMCatalog xmlns:cat="http://nrg.wustl.edu/catalog" UID="1.2"><cat:entries><cat:entry'
    ' URI="1.dcm" UID="1.2.3.1" instanceNumber="1"/></cat:entries></cat:DCMCatalog>',
    '{"ResultSet": {"Result": [{"project": "PROJECT", "timestamp": "20260101_120000000",'
    ' "folderName": "S", "name": "S", "tag": "1.2", "status": "READY"}], "totalRecords": "1"}}',
    '{"items": [{"data_fields": {"ID": "E1", "label": "S", "UID": "1.2"}}]}',
    "/data/prearchive/projects/PROJECT/20260101_120000000/S\r\n",
    "<html><body><h3>Destination session in use</h3></body></html>",
    '{"id": "a-1", "name": "n", "draft": true, "public": false, "invalidated": false, "creating":'
    ' true, "studiesCount": 1, "pids": {"urls": {"zenodoDoi": "https://doi.org/1"}}}',
    '{"error": "unauthorized user"}',
    '{"subjectName": "SUBJ", "eForm": {"pages": [{"page_name": "p", "page_data": {}}]}}',
    "Row,Column,Error\r\n2,Age,not a number\r\n",
)


def _seeds() -> Iterator[bytes]:
    from pydicom.data import get_charset_files, get_testdata_files

    from tests.scan.niftis import dicom_json, nifti, nifti_2, packed

    yield from (nifti(), nifti_2(), packed(nifti(), name=b"a.nii"), nifti(extension=(6, b"text")))
    yield from (dicom_json(), b"[" + dicom_json(t00100010=("PN", "A^B")) + b"]")
    yield from (text.encode() for text in _TABLES)
    yield from (text.encode() for text in _ANSWERS)
    yield from (text.encode("utf-16") for text in _TABLES)
    shared = Path(os.environ.get("EUCAIM_CORPUS", "../shared/data/dicom"))
    files = [Path(name) for name in (*get_testdata_files("*"), *get_charset_files("*"))]
    files += [path for path in shared.rglob("*") if path.is_file()]
    for path in files:
        # Downloaded test files are asked for by name only; the others lie here.
        if path.is_file():
            yield path.read_bytes()[:_SEED_BYTES]


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=1200)
    parser.add_argument("--corpus", type=Path, default=Path(".fuzz"))
    options = parser.parse_args()
    folder = options.corpus / options.target
    folder.mkdir(parents=True, exist_ok=True)
    for seed in _seeds():
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    one, began, count = TARGETS[options.target], time.monotonic(), 0

    def run(data: bytes) -> None:
        nonlocal count
        count += 1
        one(data)

    def told() -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        took = time.monotonic() - began
        print(f"{options.target}: {count} inputs in {took:.0f} s, peak {peak} MB", flush=True)

    atexit.register(told)
    atheris.Setup(
        [
            "fuzz",
            str(folder),
            f"-max_total_time={options.seconds}",
            f"-max_len={_INPUT_BYTES}",
            "-timeout=5",
            "-rss_limit_mb=1024",
            f"-artifact_prefix={folder}-",
            "-print_final_stats=1",
        ],
        run,
    )
    atheris.Fuzz()


with atheris.instrument_imports(include=["transfer", "adapters.upv", "adapters.xnat"]):
    import adapters.upv.answer
    import adapters.upv.clinical_answer
    import adapters.upv.dataset_details
    import adapters.upv.dataset_refusals
    import adapters.xnat.calls
    import adapters.xnat.catalogue
    import adapters.xnat.importing
    import adapters.xnat.pages
    import adapters.xnat.prearchive
    import adapters.xnat.tokens  # noqa: F401 - instrumented here
    import transfer.clinical.eform_form
    import transfer.clinical.json_form
    import transfer.clinical.reading
    import transfer.clinical.text_form
    import transfer.clinical.workbook_form
    import transfer.deid.rewrite
    import transfer.scan.inspect
    import transfer.volumes.image
    import transfer.volumes.making  # noqa: F401 - instrumented here

if __name__ == "__main__":
    _main()
