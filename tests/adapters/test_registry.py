"""From a profile to a node, without anybody naming a node's package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import adapters
from adapters import registry
from adapters.kinds import kind_package
from adapters.profiles import load_profiles
from adapters.secrets import SecretStore
from transfer.errors import UsageError
from transfer.node import Node


def _store(home: Path) -> SecretStore:
    return SecretStore(home, environ={}, keyring=lambda: None)


async def test_a_configured_node_is_opened_as_a_node(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[nodes.orthanc]\nkind = "upv"\ndicomweb_url = "https://127.0.0.1:1/dicom-web"\n'
    )
    profile = load_profiles(tmp_path)["orthanc"]
    node: Node = registry.open_node(profile, _store(tmp_path), home=tmp_path)
    assert node.name == "orthanc"
    await node.aclose()
    await node.aclose()


def test_a_missing_address_is_a_finding_with_the_text_of_the_ticket(tmp_path: Path) -> None:
    profile = load_profiles(tmp_path)["upv"]
    findings = registry.check_configuration(profile)
    assert [(f.check, f.state, f.exit_code) for f in findings] == [("configuration", "fail", 2)]
    assert "help.cancerimage.eu" in findings[0].remedy
    assert "STOW-RS" in findings[0].remedy
    with pytest.raises(UsageError, match="DICOMweb address is not known"):
        registry.open_node(profile, _store(tmp_path), home=tmp_path)


def test_a_timepoint_that_requests_need_but_nobody_set_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[nodes.upv]\ndicomweb_url = "https://x/rs"\nstow_query = {t = "{timepoint}"}\n'
    )
    findings = registry.check_configuration(load_profiles(tmp_path)["upv"])
    assert [f.message for f in findings] == [
        "The requests are to name a timepoint, but none is configured."
    ]


def test_a_complete_configuration_says_so(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[nodes.upv]\ndicomweb_url = "https://x/rs"\n')
    findings = registry.check_configuration(load_profiles(tmp_path)["upv"])
    assert [f.state for f in findings] == ["ok"]


def test_a_missing_address_for_clinical_data_is_a_warning_that_holds_the_question(
    tmp_path: Path,
) -> None:
    (tmp_path / "config.toml").write_text(
        '[nodes.upv]\ndicomweb_url = "https://x/rs"\nclinical_mode = "eform-json"\n'
    )
    findings = registry.check_configuration(load_profiles(tmp_path)["upv"])
    assert [(f.check, f.state) for f in findings] == [("configuration", "ok"), ("clinical", "warn")]
    assert findings[1].message == "The address where the node takes eForms is not known."
    assert (
        "Please tell us how QP-Insights on the UPV node takes clinical data" in findings[1].remedy
    )
    assert "Then set eform_url of [nodes.upv] in config.toml" in findings[1].remedy


def test_a_kind_without_an_adapter_says_which_there_are() -> None:
    with pytest.raises(UsageError, match="no adapter for nodes of kind pacs") as refused:
        kind_package("pacs")
    assert refused.value.remedy == "Use a node of another kind: upv, xnat."


def test_the_health_ri_node_needs_no_configuration_of_ones_own(tmp_path: Path) -> None:
    profile = load_profiles(tmp_path)["health-ri"]
    assert [f.state for f in registry.check_configuration(profile)] == ["ok"]
    assert registry.open_node(profile, _store(tmp_path), home=tmp_path).name == "health-ri"


@pytest.mark.parametrize("node", ["upv", "health-ri"])
def test_the_journey_has_the_handbooks_steps_in_order(tmp_path: Path, node: str) -> None:
    journey = registry.journey(load_profiles(tmp_path)[node])
    assert [(step.number, step.id, step.engine) for step in journey.steps] == [
        (4, "deidentify", "deidentify"),
        (5, "account", "login"),
        (6, "ticket", "ticket"),
        (7, "tool", "doctor"),
        (8, "images", "upload"),
        (9, "clinical", "clinical"),
        (10, "dataset", "publish"),
    ]


@pytest.mark.parametrize("node", ["upv", "health-ri"])
def test_every_step_is_carried_out_and_none_says_otherwise(tmp_path: Path, node: str) -> None:
    journey = registry.journey(load_profiles(tmp_path)[node])
    assert len(journey.steps) == 7
    assert [s.id for s in journey.steps if not s.engine or "Not carried out" in s.text] == []


def test_knowing_the_nodes_loads_no_slow_library(tmp_path: Path) -> None:
    """`list`, `new` and `--version` look at profiles; none of them talks to a node."""
    program = (
        "import sys; from pathlib import Path\n"
        "from adapters import profiles, registry, secrets\n"
        "found = profiles.load_profiles(Path(sys.argv[1]))\n"
        "for node in ('upv', 'health-ri'):\n"
        "    registry.journey(found[node]); registry.check_configuration(found[node])\n"
        "secrets.SecretStore(Path(sys.argv[1]))\n"
        "slow = {'httpx', 'requests', 'dicomweb_client', 'pydicom', 'keyring',\n"
        "        'cryptography', 'starlette', 'numpy', 'textual', 'xnat'}\n"
        "print(len(found), sorted(slow & set(sys.modules)))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(adapters.__path__[0]).parent,
    )
    assert answer.stdout.strip() == "2 []"


def test_a_new_kind_is_one_new_package_and_no_change_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "elsewhere" / "paperpost"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "from adapters.kinds import Option\n"
        "KIND = 'paperpost'\n"
        "OPTIONS = {'street': Option(lambda v: isinstance(v, str), 'a text')}\n"
        "def journey(profile):\n"
        "    return profile.options['street']\n"
    )
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, str(package.parent)])
    (tmp_path / "config.toml").write_text('[nodes.p]\nkind = "paperpost"\nstreet = "Main"\n')
    try:
        assert registry.journey(load_profiles(tmp_path)["p"]) == "Main"  # type: ignore[comparison-overlap]
    finally:
        sys.modules.pop("adapters.paperpost", None)
