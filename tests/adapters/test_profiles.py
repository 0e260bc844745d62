"""What config.toml may say, and what the program answers when it says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.profiles import NodeProfile, load_profiles
from adapters.proxies import ProxyOptions
from transfer.errors import UsageError

ORTHANC = """
[nodes.orthanc]
kind = "upv"
dicomweb_url = "https://127.0.0.1:8443/dicom-web"
auth = "none"
ca_file = "ca.pem"
gate = "integrity"
deidentified = "as-is"
[nodes.local-xnat]
kind = "xnat"
url = "https://127.0.0.1:8444"
ca_file = "ca.pem"
username = "ingester"
"""


def _load(home: Path, text: str) -> dict[str, NodeProfile]:
    (home / "config.toml").write_text(text, encoding="utf-8")
    return dict(load_profiles(home))


def test_without_a_file_there_are_the_two_built_in_nodes(tmp_path: Path) -> None:
    profiles = load_profiles(tmp_path)
    assert sorted(profiles) == ["health-ri", "upv"]
    assert [(p.kind, p.gate, p.deidentified) for p in profiles.values()] == [
        ("upv", "eucaim", "required"),
        ("xnat", "eucaim", "required"),
    ]
    assert profiles["upv"].options["client_id"] == "qpinsights"
    assert "dicomweb_url" not in profiles["upv"].options


def test_the_designs_example_is_understood(tmp_path: Path) -> None:
    profiles = _load(tmp_path, ORTHANC)
    orthanc = profiles["orthanc"]
    assert (orthanc.kind, orthanc.gate, orthanc.deidentified) == ("upv", "integrity", "as-is")
    assert orthanc.ca_file == tmp_path / "ca.pem"
    assert orthanc.options["dicomweb_url"] == "https://127.0.0.1:8443/dicom-web"
    assert profiles["local-xnat"].options["username"] == "ingester"


def test_a_built_in_node_can_be_completed(tmp_path: Path) -> None:
    text = '[nodes.upv]\ndicomweb_url = "https://pacs.example/rs"\n'
    upv = _load(tmp_path, text)["upv"]
    assert upv.gate == "eucaim"
    assert upv.options["dicomweb_url"] == "https://pacs.example/rs"
    assert upv.options["client_id"] == "qpinsights"


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("[nodes.orthanc\n", "not valid TOML .at line 1", "Correct it"),
        ("[node.orthanc]\n", r"section \[node\]", "nodes"),
        ("nodes = 1\n", "nodes is not a table", "nodes"),
        ("[nodes]\northanc = 1\n", "orthanc is not a table", "Begin it"),
        ("[nodes.'Big Name']\nkind='upv'\n", "no name for a node", "lower-case"),
        ("[nodes.o]\n", r"kind of \[nodes.o\] is missing", r"upv \| xnat"),
        ("[nodes.o]\nkind='pacs'\n", r"kind of \[nodes.o\] is not usable", r"upv \| xnat"),
        ("[nodes.upv]\nkind='xnat'\n", "changes the kind", "another|other than"),
        ("[nodes.o]\nkind='upv'\ngate='none'\n", "gate", r"eucaim \| integrity"),
        ("[nodes.o]\nkind='upv'\ndeidentified=true\n", "deidentified", r"required \| as-is"),
        ("[nodes.o]\nkind='upv'\nca_file=1\n", "ca_file", "ca.pem"),
        ("[nodes.o]\nkind='upv'\ndicom_url='x'\n", "key dicom_url", "dicomweb_url"),
        ("[nodes.o]\nkind='upv'\ndicomweb_url='ftp://x'\n", "dicomweb_url", "https://"),
        ("[nodes.o]\nkind='upv'\ndicomweb_url='https://u:p@x/'\n", "dicomweb_url", "password"),
        ("[nodes.o]\nkind='upv'\ndicomweb_url='https://x:99999/'\n", "dicomweb_url", "https://"),
        ("[nodes.o]\nkind='upv'\nauth='kerberos'\n", "auth", "none | basic"),
        ("[nodes.o]\nkind='upv'\nmax_batch_instances=true\n", "max_batch_instances", "whole"),
        ("[nodes.o]\nkind='upv'\nmax_concurrency=0\n", "max_concurrency", "1 to 64"),
        ("[nodes.o]\nkind='upv'\ncan_list='no'\n", "can_list", "ask"),
        ("[nodes.o]\nkind='upv'\nlisting_delay_s=-1\n", "listing_delay_s", "seconds"),
        ("[nodes.o]\nkind='upv'\nstow_query={p='{patient}'}\n", "stow_query", "{project}"),
        ("[nodes.o]\nkind='upv'\nstow_headers={Authorization='x'}\n", "stow_headers", "table"),
        ("[nodes.o]\nkind='upv'\nstow_headers={'A b'='x'}\n", "stow_headers", "table"),
        ("[nodes.o]\nkind='upv'\ndestinations='P'\n", "destinations", "list"),
        ("[nodes.proxy]\nkind='upv'\n", "uses itself", "another name"),
        ("[nodes.o]\nkind='upv'\nproxy=3128\n", "proxy of", "proxy.example:3128"),
        ("[nodes.o]\nkind='upv'\nproxy=''\n", "proxy of", "none"),
        ("[nodes.o]\nkind='upv'\nproxy='http://u:p@x:1'\n", "proxy of", "without name"),
        ("[nodes.o]\nkind='upv'\nproxy='http://x:99999'\n", "proxy of", "proxy.example:3128"),
        ("[nodes.o]\nkind='upv'\nno_proxy='x.example'\n", "no_proxy", "list"),
        ("[nodes.o]\nkind='upv'\nno_proxy=['https://x.example']\n", "no_proxy", "names"),
        ("[nodes.o]\nkind='upv'\nno_proxy=['10.0.0.0/99']\n", "no_proxy", "ranges"),
        ("[nodes.o]\nkind='upv'\nproxy_username=1\n", "proxy_username", "secret proxy.password"),
    ],
)
def test_what_is_not_understood_is_named_with_what_is_allowed(
    tmp_path: Path, text: str, what: str, remedy: str
) -> None:
    with pytest.raises(UsageError, match=what) as refused:
        _load(tmp_path, text)
    assert refused.match(what)
    assert any(word in refused.value.remedy for word in (remedy, *remedy.split("|"))) or (
        remedy.replace("\\", "") in refused.value.remedy
    )
    assert refused.value.exit_code == 2


def test_the_way_out_of_the_house_is_the_nodes_own(tmp_path: Path) -> None:
    text = ORTHANC.replace(
        "[nodes.local-xnat]",
        """proxy = "http://proxy.example:3128"
no_proxy = [".hospital.example", "10.0.0.0/8", "fd00::/8", "[fd00::1]:8443", "*"]
proxy_username = "us"
[nodes.local-xnat]""",
    )
    profiles = _load(tmp_path, text)
    assert profiles["orthanc"].proxy == ProxyOptions(
        "http://proxy.example:3128",
        (".hospital.example", "10.0.0.0/8", "fd00::/8", "[fd00::1]:8443", "*"),
        "us",
    )
    assert profiles["local-xnat"].proxy == ProxyOptions()


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not valid TOML"):
        load_profiles(tmp_path)


def test_an_xnat_node_is_signed_in_to_by_password_unless_it_says_otherwise(tmp_path: Path) -> None:
    """`login` asks for a password by this option; the design's example leaves it out."""
    assert _load(tmp_path, ORTHANC)["local-xnat"].options["auth"] == "password"
