"""Make the offline bundle for servers that reach no package index: python bundle/make.py OUT

OUT gets one archive and its checksum. In the archive: the program with its own interpreter
(`program/`), the same as wheels for those who have Python (`wheelhouse/`), how to install either
(`INSTALL.md`), the licences of everything inside, and `SHA256SUMS` over all of it. It runs on any
Linux of this machine's architecture whose glibc is at least the version in the archive's name.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_PIP = ("-m", "pip", "-q")
_ALONE = ("--no-deps", "--no-build-isolation")
_GLIBC = re.compile(rb"GLIBC_(\d+)\.(\d+)")


def main(words: Sequence[str]) -> int:
    if len(words) != 1:
        print("usage: python bundle/make.py OUT", file=sys.stderr)
        return 2
    out = Path(words[0]).absolute()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="eucaim-bundle-") as folder:
        work = Path(folder)
        python = _environment(work)
        version = _ask(python, "import transfer; print(transfer.__version__)")
        content = work / "content"
        content.mkdir()
        _program(work, python, content)
        _wheelhouse(work, python, content)
        _papers(python, content)
        bill_of_materials(work, python, content / "sbom.cdx.json")
        needed = ".".join(map(str, _glibc_needed(content / "program")))
        name = f"eucaim-transfer-{version}-linux-{platform.machine()}-glibc{needed}"
        _sums(content)
        archive = out / f"{name}.tar.gz"
        with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
            tar.add(content, name)
    digest = _sha256(archive)
    archive.with_name(archive.name + ".sha256").write_text(f"{digest}  {archive.name}\n")
    print(archive)
    return 0


def _environment(work: Path) -> Path:
    """A fresh environment with exactly the pinned versions in it."""
    venv.create(work / "venv", with_pip=True)
    python = work / "venv" / "bin" / "python"
    source = work / "source"
    # Installed from a copy, so that nothing is left behind in the checkout.
    ignored = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "tests", "node_modules")
    shutil.copytree(ROOT, source, ignore=ignored)
    # What others made by its digest; ours is built with the setuptools that came by its own.
    _run(python, *_PIP, "install", *_hashed("bundle/requirements.txt"))
    _run(python, *_PIP, "install", *_ALONE, source)
    return python


def _hashed(name: str) -> tuple[str | Path, ...]:
    return ("--require-hashes", "-r", ROOT / name)


def _program(work: Path, python: Path, content: Path) -> None:
    for name in ("eucaim-transfer.spec", "start.py"):
        shutil.copy(ROOT / "bundle" / name, work)
    places = ("--distpath", str(content), "--workpath", str(work / "build"))
    _run(
        python,
        "-m",
        "PyInstaller",
        "--log-level",
        "ERROR",
        *places,
        "eucaim-transfer.spec",
        cwd=work,
    )


def _wheelhouse(work: Path, python: Path, content: Path) -> None:
    wheels = content / "wheelhouse"
    _run(python, *_PIP, "wheel", *_hashed("requirements.txt"), "-w", wheels)
    _run(python, *_PIP, "wheel", *_ALONE, "-w", wheels, work / "source")


def _papers(python: Path, content: Path) -> None:
    for name in ("LICENSE", "CHANGELOG.md", "requirements.txt"):
        shutil.copy(ROOT / name, content)
    shutil.copy(ROOT / "docs" / "licences.md", content / "LICENCES.md")
    for name in ("man", "completion"):
        shutil.copytree(ROOT / "docs" / name, content / "docs" / name)
    shutil.copy(ROOT / "docs" / "install.md", content / "INSTALL.md")
    shutil.copy(ROOT / "docs" / "unattended.md", content / "UNATTENDED.md")
    licences = content / "licences"
    licences.mkdir()
    site = Path(_ask(python, "import sysconfig; print(sysconfig.get_path('purelib'))"))
    for folder in sorted(site.glob("*.dist-info")):
        for file in sorted(folder.rglob("*")):
            if file.is_file() and re.match(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS)", file.name, re.I):
                shutil.copy(
                    file, licences / f"{folder.name.removesuffix('.dist-info')}-{file.name}"
                )


def bill_of_materials(work: Path, python: Path, out: Path) -> None:
    """Everything in the environment of `python`, as CycloneDX 1.6; the same bytes each time. The
    tool has an environment of its own, so that it is not in the bill."""
    venv.create(work / "billing", with_pip=True)
    billing = work / "billing" / "bin"
    _run(billing / "python", *_PIP, "install", "-r", ROOT / ".ci" / "tools.txt")
    _run(
        billing / "cyclonedx-py",
        "environment",
        "--output-reproducible",
        *("--pyproject", ROOT / "pyproject.toml"),
        *("--spec-version", "1.6", "--output-format", "JSON"),
        *("--output-file", out, python),
    )


def _glibc_needed(folder: Path) -> tuple[int, int]:
    """The newest glibc that any file of the program asks for by the names of its symbols."""
    found = {(2, 17)}
    for file in _files(folder):
        content = file.read_bytes()
        if content[:4] == b"\x7fELF":
            found |= {(int(major), int(minor)) for major, minor in _GLIBC.findall(content)}
    return max(found)


def _sums(content: Path) -> None:
    lines = [f"{_sha256(file)}  {file.relative_to(content)}" for file in _files(content)]
    (content / "SHA256SUMS").write_text("\n".join(lines) + "\n")


def _files(folder: Path) -> Iterator[Path]:
    yield from (file for file in sorted(folder.rglob("*")) if file.is_file())


def _sha256(file: Path) -> str:
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    subprocess.run([str(word) for word in command], check=True, cwd=cwd, env=kept)


def _ask(python: Path, program: str) -> str:
    answer = subprocess.run([python, "-c", program], check=True, capture_output=True, text=True)
    return answer.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
