"""Whom a context trusts: what the system trusts, wherever the distribution keeps it."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from adapters import system_trust
from adapters.system_trust import system_context
from tests.certificates import Authority


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Python whose OpenSSL looks where there is nothing."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))


def test_a_bundle_is_found_where_the_distribution_keeps_it(
    authority: Authority, nowhere: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.crt"
    monkeypatch.setattr(system_trust, "BUNDLES", (missing, authority.ca_file))
    assert system_context().cert_store_stats()["x509_ca"] == 1


def test_where_the_system_trusts_nobody_nobody_is_trusted(
    nowhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_trust, "BUNDLES", ())
    context = system_context()
    assert context.cert_store_stats()["x509"] == 0
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_the_place_that_openssl_is_told_comes_first(
    authority: Authority, nowhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    monkeypatch.setattr(system_trust, "BUNDLES", ())
    assert system_context().cert_store_stats()["x509_ca"] == 1


def test_a_folder_without_certificates_is_no_place(
    nowhere: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, authority: Authority
) -> None:
    """A container's `/etc/ssl/certs` may be there and empty."""
    (tmp_path / "certs").mkdir()
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "certs"))
    monkeypatch.setattr(system_trust, "BUNDLES", (authority.ca_file,))
    assert system_context().cert_store_stats()["x509_ca"] == 1
