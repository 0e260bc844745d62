"""What an environment says in secret is taken out of it before any child is started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters import inherited
from adapters.inherited import (
    accept_secrets,
    as_given,
    password_at_hand,
    secrets_at_hand,
    take_secrets,
    without_secrets,
)
from adapters.proxies import rules_from

GIVEN = {
    "EUCAIM_TRANSFER_PASSWORD": "s3cret",
    "HTTPS_PROXY": "http://us:pr0xy@proxy.example:3128",
    "http_proxy": "us:plain@proxy.example:3128",
    "NO_PROXY": "localhost,10.0.0.0/8",
    "PATH": "/usr/bin",
}


@pytest.fixture(autouse=True)
def nothing_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inherited, "_taken", {})


def test_a_child_gets_the_environment_without_its_passwords() -> None:
    assert without_secrets(GIVEN) == {
        "HTTPS_PROXY": "http://us@proxy.example:3128",
        "http_proxy": "us@proxy.example:3128",
        "NO_PROXY": "localhost,10.0.0.0/8",
        "PATH": "/usr/bin",
    }


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("http://us@proxy:3128", "http://us@proxy:3128"),
        ("http://us:p%40ss@proxy:3128/", "http://us@proxy:3128/"),
        ("http://us:p@ss/w:rd@proxy:3128", "http://us@proxy:3128"),
        ("http://:pass@proxy", "http://proxy"),
        ("us:pass@proxy:3128", "us@proxy:3128"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        ("http://us:pass@[::1]:3128", "http://us@[::1]:3128"),
        ("nonsense us:pass@", "nonsense us@"),
        ("", ""),
    ],
)
def test_the_password_goes_out_of_a_proxys_address_however_it_is_written(
    address: str, left: str
) -> None:
    assert without_secrets({"all_proxy": address}) == {"all_proxy": left}


def test_what_was_taken_serves_on_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = dict(GIVEN)
    take_secrets(environ)
    assert environ == without_secrets(GIVEN)
    assert password_at_hand(environ) == "s3cret"
    assert as_given(environ)["HTTPS_PROXY"] == GIVEN["HTTPS_PROXY"]


def test_what_is_handed_over_serves_in_the_process_that_takes_it() -> None:
    handed = secrets_at_hand(GIVEN)
    assert sorted(handed) == ["EUCAIM_TRANSFER_PASSWORD", "HTTPS_PROXY", "http_proxy"]
    accept_secrets(handed)
    assert password_at_hand({}) == "s3cret"


def test_the_way_out_still_knows_the_proxys_password_after_it_was_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [n for n in os.environ if n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HTTPS_PROXY", GIVEN["HTTPS_PROXY"])
    take_secrets()
    assert "pr0xy" not in os.environ["HTTPS_PROXY"]
    proxy = rules_from(os.environ).decide("node.example", 443).proxy
    assert proxy is not None
    assert (proxy.username, proxy.password) == ("us", "pr0xy")


LOOKING = """
import json, subprocess, sys
from pathlib import Path
from adapters.inherited import password_at_hand, take_secrets
take_secrets()
child = subprocess.run(["cat", "/proc/self/environ"], capture_output=True, check=True).stdout
own = Path("/proc/self/environ").read_bytes()
print(json.dumps([password_at_hand(), own.decode(), child.decode()]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc")
def test_the_kernel_shows_neither_password_of_the_process_nor_of_its_children() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOKING],
        env={**GIVEN, "PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    password, own, child = json.loads(done.stdout)
    assert password == "s3cret"
    assert "proxy.example" in child
    assert [s for s in ("s3cret", "pr0xy", "us:plain") if s in own + child] == []
