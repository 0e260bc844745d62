"""Which nodes are the sandbox: the address alone does not say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.loopback import is_sandbox
from adapters.profiles import load_profiles
from adapters.sandbox.ca import ThrowAwayCa
from adapters.sandbox.server import Options, in_thread


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the throw-away CA of a sandbox."""
    ThrowAwayCa(tmp_path)
    return tmp_path


def judged(home: Path, table: str) -> bool:
    (home / "config.toml").write_text(f"[nodes.mine]\n{table}\n")
    return is_sandbox(load_profiles(home)["mine"])


@pytest.mark.parametrize("address", ["127.0.0.1:8443", "[::1]:8443", "127.8.9.10"])
def test_a_stand_in_on_loopback_under_its_throw_away_ca_is_one(home: Path, address: str) -> None:
    assert judged(home, f'kind = "xnat"\nurl = "https://{address}"\nca_file = "ca.pem"')


@pytest.mark.parametrize(
    "address",
    [
        "https://xnat.health-ri.nl",
        "https://192.168.0.4",
        "https://0.0.0.0",
        # What a name means is up to others.
        "https://localhost:8443",
        "https://127.0.0.1.example",
        "https://[::ffff:10.0.0.1]",
    ],
)
def test_a_node_elsewhere_is_none_whatever_its_ca(home: Path, address: str) -> None:
    assert not judged(home, f'kind = "xnat"\nurl = "{address}"\nca_file = "ca.pem"')


def test_a_tunnel_to_a_real_node_is_none(home: Path) -> None:
    """It ends on loopback, but somebody else vouches for the server."""
    address = 'kind = "xnat"\nurl = "https://127.0.0.1:8443"'
    assert not judged(home, address)
    (home / "real").mkdir()
    ThrowAwayCa(home / "real", "Hospital CA")
    assert not judged(home, f'{address}\nca_file = "real/ca.pem"')


def test_a_ca_file_with_another_authority_beside_it_is_none(home: Path) -> None:
    (home / "real").mkdir()
    other = ThrowAwayCa(home / "real", "Hospital CA").file.read_bytes()
    (home / "both.pem").write_bytes((home / "ca.pem").read_bytes() + other)
    address = 'kind = "xnat"\nurl = "https://127.0.0.1:8443"'
    assert not judged(home, f'{address}\nca_file = "both.pem"')


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_ca_file_that_cannot_be_read_makes_none(home: Path, content: bytes | None) -> None:
    if content is not None:
        (home / "odd.pem").write_bytes(content)
    address = 'kind = "xnat"\nurl = "https://127.0.0.1:8443"'
    assert not judged(home, f'{address}\nca_file = "odd.pem"')


def test_one_address_elsewhere_is_enough_to_be_none(home: Path) -> None:
    """Images to a stand-in, the dataset to the real service."""
    here = (
        'kind = "upv"\nauth = "none"\nca_file = "ca.pem"\n'
        'dicomweb_url = "https://127.0.0.1:8443/dicom-web"\n'
    )
    assert judged(home, here)
    assert not judged(home, f'{here}dataset_service_url = "https://node.example/api"')


@pytest.mark.parametrize("name", ["upv", "health-ri"])
def test_the_real_nodes_are_none(tmp_path: Path, name: str) -> None:
    assert not is_sandbox(load_profiles(tmp_path)[name])


def test_the_nodes_that_the_sandbox_writes_are(tmp_path: Path) -> None:
    with in_thread(Options()) as sandbox:
        sandbox.write_home(tmp_path)
        profiles = load_profiles(tmp_path)
    assert is_sandbox(profiles["sandbox-upv"])
    assert is_sandbox(profiles["sandbox-xnat"])
