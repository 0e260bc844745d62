"""A profile as a script in CTP's language, for a profile that is to give what CTP gives."""

from __future__ import annotations

from html import escape  # xml.sax would bring in the network
from typing import Final

from transfer.deid import recipe
from transfer.deid.profiles.actions import Action
from transfer.deid.profiles.load import ProfileError
from transfer.deid.profiles.table import CURVES, OVERLAYS, PRIVATE, Group, Profile

_KEY: Final = "SECRET_KEY"
_SITE: Final = "PROVIDERID"
_ROOT: Final = "UIDROOT"
_RULES: Final = {
    Action.KEEP: "@keep()",
    Action.REMOVE: "@remove()",
    Action.EMPTY: "@empty()",
    Action.UID: f"@hashuid(@{_ROOT},this,PatientID)",
    Action.PSEUDONYM: f"{recipe.PSEUDONYM_PREFIX}@hashptid(@{_KEY},this)",
    Action.PSEUDONYM_NAME: (
        f"{recipe.PSEUDONYM_PREFIX}@hashptid(@{_KEY},PatientID){recipe.NAME_SUFFIX}"
    ),
    Action.FIRST_OF_MONTH: "@modifydate(this,*,*,1)",
    Action.SHIFTED_DATE: "@hashdate(this,PatientID)",
    Action.HASH_16: "@hash(this,16)",
    Action.QUARANTINE: "@quarantine()",
}
_FILLED: Final = {"{site}": f"@param(@{_SITE})", "{date}": "@date()", "{time}": "@time()"}
_SWITCHES: Final = {PRIVATE: "privategroups", OVERLAYS: "overlays", CURVES: "curves"}


def script_params(key: str, site_id: str) -> dict[str, str]:
    """The parameters that such a script is run with."""
    return {_KEY: key, _SITE: recipe.site_value(site_id), _ROOT: recipe.UID_ROOT}


def script_text(profile: Profile) -> bytes:
    """The script.

    Raises:
        ProfileError: the profile says something that CTP's language cannot.
    """
    lines = ["<script>"]
    for tag, group in sorted(profile.elements.items()):
        name = escape(profile.names[tag])
        rule = escape(_rule(profile, group))
        lines.append(f'<e en="T" t="{tag:08X}" n="{name}">{rule}</e>')
    for subject, group in profile.classes.items():
        lines.append(_class(profile, subject, group))
    if profile.unlisted.action is not Action.REMOVE or profile.private or profile.kinds:
        raise ProfileError(f"Profile {profile.name!r} cannot be said in a CTP script.")
    lines += ['<r en="T" t="unspecifiedelements"/>', "</script>", ""]
    return "\n".join(lines).encode()


def _rule(profile: Profile, group: Group) -> str:
    if group.action in _RULES:
        return _RULES[group.action]
    if group.action not in (Action.WRITE, Action.WRITE_IN_VAIN, Action.APPEND):
        raise ProfileError(
            f"Action {group.action.value!r} of profile {profile.name!r} has no word in CTP's."
        )
    text = group.text
    for mark, call in _FILLED.items():
        text = text.replace(mark, call)
    if group.action is Action.APPEND:
        text = f"@append(){{{text}}}"
    return f"@always(){text}" if group.is_inserted else text


def _class(profile: Profile, subject: str, group: Group) -> str:
    switch = _SWITCHES.get(subject)
    if switch is not None and group.action is Action.REMOVE:
        return f'<r en="T" t="{switch}"/>'
    if switch is None and group.action is Action.KEEP:
        return f'<k en="T" t="{subject.removeprefix("group ")}"/>'
    raise ProfileError(f"Class {subject!r} of profile {profile.name!r} cannot be {group.action}.")
