"""What `[helpdesk]` of config.toml may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.helpdesk.options import load_helpdesk
from adapters.profiles import load_profiles
from transfer.errors import UsageError


def write(home: Path, text: str) -> Path:
    (home / "config.toml").write_text(text)
    return home


def test_without_configuration_it_is_eucaims_own(tmp_path: Path) -> None:
    found = load_helpdesk(tmp_path)
    assert found.url == "https://help.cancerimage.eu"
    assert found.without_account == "https://dashboard.eucaim.cancerimage.eu/helpdesk"
    assert (found.mail, found.ca_file) == ("", None)


def test_everything_can_be_configured(tmp_path: Path) -> None:
    text = (
        '[helpdesk]\nurl = "https://desk.example/"\nmail = "desk@desk.example"\n'
        'ca_file = "ca.pem"\nproxy = "http://proxy.example:3128"\n'
    )
    found = load_helpdesk(write(tmp_path, text))
    assert (found.url, found.mail) == ("https://desk.example", "desk@desk.example")
    assert found.ca_file == tmp_path / "ca.pem"
    assert found.proxy.proxy == "http://proxy.example:3128"
    assert found.without_account == ""
    assert "upv" in load_profiles(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "helpdesk = 1",
        '[helpdesk]\nurl = "desk"',
        '[helpdesk]\nmail = "nobody"',
        "[helpdesk]\nread_timeout_s = 0",
        '[helpdesk]\nproxy = "socks5://x y"',
        '[helpdesk]\ntoken = "s3cret"',
    ],
)
def test_what_cannot_be_used_is_refused_with_what_may_be(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"config\.toml cannot be used") as refused:
        load_helpdesk(write(tmp_path, text))
    assert "s3cret" not in refused.value.what + refused.value.remedy
