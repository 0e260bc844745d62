"""Python, libraries and TLS, each made too old, missing or forbidden for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.asking import doctor, found, make_host, not_ok
from transfer.machine.software import check_fips, check_packages, check_python, check_tls_library


def install(folder: Path, name: str, version: str, *requires: str) -> None:
    """What an installer leaves behind of a distribution (PEP 376)."""
    place = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    place.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {text}" for text in requires]
    (place / "METADATA").write_text("\n".join(lines) + "\n")


def test_a_python_that_is_too_old_is_named_with_the_bundle_as_a_way_out() -> None:
    result = check_python((3, 10, 12))
    assert (result.state, result.exit_code) == ("fail", 2)
    assert result.message == "Python 3.10.12 is too old for this program."
    assert "offline bundle" in result.remedy
    assert result.whom == "this host's administrator"


def test_the_python_that_runs_the_tests_is_good() -> None:
    assert check_python().state == "ok"


def test_a_library_older_than_the_program_asks_for_is_named_with_both_versions(
    tmp_path: Path,
) -> None:
    install(tmp_path, "eucaim-transfer", "2.0", "httpx>=0.28", "pydicom>=3.0.2")
    install(tmp_path, "httpx", "0.27.2")
    install(tmp_path, "pydicom", "3.1")
    result = check_packages([str(tmp_path)])
    assert (result.state, result.exit_code, result.whom) == ("fail", 2, "you")
    assert result.message == (
        "The installation is not whole: httpx 0.27.2 is there, >=0.28 is asked for."
    )
    assert result.answer == "eucaim-transfer 2.0, httpx 0.27.2, pydicom 3.1"


def test_a_library_that_is_missing_is_named(tmp_path: Path) -> None:
    install(tmp_path, "eucaim-transfer", "2.0", "dicomweb_client[gcp]>=0.61.2")
    result = check_packages([str(tmp_path)])
    assert result.message == "The installation is not whole: dicomweb-client is missing."


def test_what_only_an_extra_asks_for_may_be_missing(tmp_path: Path) -> None:
    install(tmp_path, "eucaim-transfer", "2.0", 'numpy>=2; extra == "sandbox"')
    result = check_packages([str(tmp_path)])
    assert result.state == "ok"
    assert result.message == "eucaim-transfer 2.0 and its 0 libraries are there."


@pytest.mark.parametrize(
    ("asked", "there", "state"),
    [
        ("a>=1.10", "1.9", "fail"),
        ("a>=1.10", "1.10.0", "ok"),
        ("a>=1.10", "1.10", "ok"),
        ("a==8.2.8", "8.2.9", "fail"),
        ("a==8.2", "8.2.0", "ok"),
        ("a (>=2,<3)", "1.5", "fail"),
        ("a", "0.0.1", "ok"),
        ("a>=3.0", "3.0rc1", "ok"),
    ],
)
def test_versions_are_compared_as_numbers(
    tmp_path: Path, asked: str, there: str, state: str
) -> None:
    install(tmp_path, "eucaim-transfer", "2.0", asked)
    install(tmp_path, "a", there)
    assert check_packages([str(tmp_path)]).state == state


def test_without_any_metadata_it_is_said_that_versions_cannot_be_told(tmp_path: Path) -> None:
    result = check_packages([str(tmp_path)])
    assert result.state == "warn"
    assert "bare folder" in result.message


def test_openssl_settings_that_forbid_tls_1_3_are_a_finding_of_their_own(tmp_path: Path) -> None:
    """Hardened hosts have such settings; the connection would fail without saying why."""
    settings = tmp_path / "openssl.cnf"
    settings.write_text(
        "openssl_conf = start\n[start]\nssl_conf = ssl\n[ssl]\nsystem_default = here\n"
        "[here]\nMaxProtocol = TLSv1.2\n"
    )
    code, document = doctor(tmp_path / "home", environ={"OPENSSL_CONF": str(settings)})
    assert not_ok(document) == ["tls-library"]
    assert code == 6
    result = found(document, "tls-library")
    assert result.message == "This host's OpenSSL settings forbid TLS 1.3, which the nodes ask for."
    assert "MaxProtocol" in result.remedy


def test_the_tls_library_that_runs_the_tests_is_good() -> None:
    assert check_tls_library().state == "ok"


@pytest.mark.parametrize(
    ("enabled", "message"),
    [
        ("0\n", "FIPS mode is off on this host."),
        ("1\n", "FIPS mode is on; all that is needed works."),
    ],
)
def test_fips_mode_is_told(tmp_path: Path, enabled: str, message: str) -> None:
    host = make_host(tmp_path, {"/proc/sys/crypto/fips_enabled": enabled})
    assert check_fips(host).message == message
