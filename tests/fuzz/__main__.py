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


def _seeds() -> Iterator[bytes]:
    from pydicom.data import get_charset_files, get_testdata_files

    from tests.scan.niftis import dicom_json, nifti, nifti_2, packed

    yield from (nifti(), nifti_2(), packed(nifti(), name=b"a.nii"), nifti(extension=(6, b"text")))
    yield from (dicom_json(), b"[" + dicom_json(t00100010=("PN", "A^B")) + b"]")
    yield from (text.encode() for text in _TABLES)
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


with atheris.instrument_imports(include=["transfer"]):
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
