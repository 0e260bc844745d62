"""Nodes behind nginx that lets nobody in without a certificate, their sign-in service included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sandbox.ca import ThrowAwayCa
from tests.certificates import Authority, Issued
from tests.engine.bench import NODE, TRANSFER, Bench, bench
from tests.engine.xnat_bench import xnat_bench
from tests.real.front import front, program

pytestmark = pytest.mark.skipif(
    program("nginx") is None, reason="no nginx: apt-get install nginx-light"
)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who vouches for our certificate; the server has another."""
    return Authority(tmp_path / "hospital", "The hospital")


@pytest.fixture(params=["upv", "xnat"])
def at(request: pytest.FixtureRequest, tmp_path: Path, authority: Authority) -> Iterator[Bench]:
    made = bench(tmp_path) if request.param == "upv" else xnat_bench(tmp_path)
    with made as running:
        is_upv = request.param == "upv"
        sandbox = running.sandbox
        port = sandbox.port if is_upv else sandbox.xnat_port
        location = f"""proxy_pass https://127.0.0.1:{port};
      proxy_ssl_protocols TLSv1.3;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Host $http_host;"""
        folder = tmp_path / "front"
        with front(folder, location=location, client_ca=authority.ca_file) as nginx:
            running.configure(ca_file=str(nginx.ca_file))
            old = f"https://127.0.0.1:{port}"
            for key in ("url",) if not is_upv else ("dicomweb_url", "issuer_url"):
                running.configure(**{key: str(running.table[key]).replace(old, nginx.url)})
            yield running


def _show(at: Bench, certificate: Issued, key: Path | None = None) -> None:
    at.configure(
        client_certificate=str(certificate.certificate), client_key=str(key or certificate.key)
    )


def test_a_whole_transfer_shows_our_certificate_on_every_connection(
    at: Bench, authority: Authority
) -> None:
    """Sign-in, upload over httpx, listing over requests: nginx answers 400 to any without."""
    _show(at, authority.issue("ours", names=("us.example",), for_client=True))
    at.program.good("login", NODE)
    at.assert_all_arrived(at.upload())
    at.program.good("verify", TRANSFER)


def test_without_our_certificate_nothing_is_sent_and_it_is_asked_for(at: Bench) -> None:
    ran = at.upload()
    assert ran.code == 6, str(ran)
    assert "asks for a client certificate" in ran.err
    assert "client_certificate in config.toml" in ran.err
    assert at.received() == [0] * len(at.images)


def test_a_certificate_of_a_foreign_authority_is_not_accepted(at: Bench, tmp_path: Path) -> None:
    foreign = ThrowAwayCa(tmp_path / "foreign", "A stranger")
    _show(at, foreign.issue("theirs", names=("us.example",), for_client=True))
    ran = at.upload()
    assert ran.code == 6, str(ran)
    assert "does not accept ours" in ran.err
    assert at.received() == [0] * len(at.images)


def test_a_key_that_belongs_to_another_certificate_is_a_matter_of_configuration(
    at: Bench, authority: Authority
) -> None:
    other = authority.issue("other", names=("us.example",), for_client=True)
    _show(at, authority.issue("ours", names=("us.example",), for_client=True), other.key)
    ran = at.upload()
    assert ran.code == 2, str(ran)
    assert "The client certificate and the key do not belong together." in ran.err
