"""A profile is a table that a person can read: what its file may say, and what is refused."""

from __future__ import annotations

from collections import Counter

import pytest
from pydicom.datadict import keyword_for_tag

from transfer.deid.profiles import ProfileError, diff, load_profile, parse_profile
from transfer.deid.profiles.actions import Action

HEAD = """name = "trial"
version = "2"
summary = "A trial."
unlisted = "remove"
unlisted-reason = "Nobody looked."
"""
GROUP = """
[[group]]
action = "keep"
reason = "Harmless."
elements = '''
0008,0060 Modality
group 0018
'''
"""


def test_a_profile_says_what_happens_and_why() -> None:
    """The review shows this sentence beside the element."""
    profile = parse_profile(HEAD + GROUP, "trial.toml")
    assert profile.why(0x00080060) == "kept as it is: Harmless."
    assert profile.why(0x00180050) == "kept as it is: Harmless."
    assert profile.why(0x00100010) == "removed: Nobody looked."
    assert (profile.name, profile.version) == ("trial", "2")


def test_the_digest_is_of_the_file_and_its_base() -> None:
    """A changed base is a changed profile."""
    plain = parse_profile(HEAD, "trial.toml")
    based = parse_profile('base = "lethe"\n' + HEAD, "trial.toml")
    assert len(plain.sha256) == 64
    assert plain.sha256 == parse_profile(HEAD, "other.toml").sha256
    assert based.sha256 != plain.sha256


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD + GROUP.replace("keep", "kep"), r"trial.toml, line 7: unknown action 'kep'"),
        (HEAD + GROUP.replace("Harmless.", " "), r"line 7: a reason is missing"),
        (HEAD + GROUP.replace("group 0018", "group 18"), r"line 12: not an element"),
        (HEAD + GROUP.replace("group 0018", "0008,0060 Modality"), r"line 12: the same as line 11"),
        (HEAD + GROUP.replace("keep", "walk"), r"line 7: action 'walk' is for kinds"),
        (HEAD + GROUP.replace("keep", "write"), r"line 7: action 'write' and 'text'"),
        (HEAD + GROUP.replace("reason", "grund"), r"line 7: unknown setting 'grund'"),
        (HEAD + "surprise = 1\n", r"line 1: unknown setting 'surprise'"),
        (HEAD.replace("unlisted =", "unlist ="), r"line 1: unknown setting 'unlist'"),
        ("name = \n", r"trial.toml: .*line 1"),
        (
            HEAD + GROUP.replace("group 0018", "0018,xx10 [ACME] Name LO"),
            r"line 12: a private element has an odd group",
        ),
    ],
)
def test_what_a_profile_may_not_say_is_named_with_its_line(text: str, problem: str) -> None:
    """Anything that cannot be honoured is an error when it is read."""
    with pytest.raises(ProfileError, match=problem):
        parse_profile(text, "trial.toml")


def test_a_profile_that_does_not_exist_is_refused() -> None:
    """Names are no paths."""
    with pytest.raises(ProfileError, match=r"There is no profile .\.\./lethe"):
        load_profile("../lethe")


@pytest.mark.parametrize("name", ["lethe", "eucaim"])
def test_keywords_in_the_profiles_are_those_of_the_dictionary(name: str) -> None:
    """A reviewer reads the keyword, the program the number: they must be the same element."""
    profile = load_profile(name)
    wrong = {
        f"{tag:08X}": keyword
        for tag, keyword in profile.names.items()
        if not tag & 0x10000 and keyword_for_tag(tag) != keyword
    }
    assert len(profile.names) > 700
    assert wrong == {}


def test_a_diff_names_every_element_that_is_treated_differently() -> None:
    """And none that is not."""
    found = {d.subject: (d.before.action, d.after.action) for d in diff(*_both())}
    assert found["0028,0008 NumberOfFrames"] == (
        "emptied",
        "numbers, codes and structure kept, text emptied, binary values removed",
    )
    assert found["0008,1150 ReferencedSOPClassUID"][1] == "left alone"
    assert "0010,0020 PatientID" not in found
    assert "0008,0020 StudyDate" not in found
    assert "0008,0080 InstitutionName" not in found
    assert diff(load_profile("lethe"), load_profile("lethe")) == []


def _both() -> tuple:  # type: ignore[type-arg]
    return load_profile("lethe"), load_profile("eucaim")


def test_the_listing_gives_every_element_its_action_and_reason() -> None:
    """For the docs and the review."""
    profile = load_profile("eucaim")
    lines = list(profile.listing())
    assert len(lines) == 1 + len(profile.classes) + len(profile.private) + len(profile.elements)
    assert all(line.action and line.reason for line in lines)
    assert lines[-1].subject.startswith("7FE0,")


def test_every_action_of_eucaim_is_one_that_its_engine_knows() -> None:
    """What `lethe` does by mistake is overruled, not inherited."""
    used = Counter(group.action for group in load_profile("eucaim").elements.values())
    assert used[Action.UID] > 15
    assert Action.WRITE_IN_VAIN not in used
    assert Action.SHIFTED_DATE not in used
