"""Reading a script: both forms, what is refused with its line, and what is only warned of."""

from __future__ import annotations

import pickle

import pytest

from tests.deid.rules import method
from transfer.deid.model import Label
from transfer.deid.script import ScriptError, Switch, parse_lookup, parse_script
from transfer.deid.script.ctp import ScriptMethod
from transfer.errors import UsageError

XML = b"""<script>
 <p t="SITE"> S1 </p>
 <e en="T" t="00100010" n="PatientName"> @keep() </e>
 <e en="F" t="00100020" n="PatientID">@remove()</e>
 <e t="00100030" n="x">@remove()</e>
 <k en="T" t="9">Keep group 9</k>
 <r en="T" t="curves">Remove curves</r>
 <!-- <e en="T" t="00100040" n="x">no</e> -->
</script>"""

PROPERTIES = b"""# a comment
param.SITE=S1
set.[0010,0010]PatientName=@hash(this,\\
   6)
#set.[0010,0020]PatientID=@remove()
keep.group0018=
keep.safeprivateelements=
remove.overlays=
"""


def test_only_lines_that_are_switched_on_count() -> None:
    """`en` must be exactly T; a parameter has none, and its blanks stay."""
    script = parse_script(XML, "made")
    assert [(rule.tag, rule.text, rule.line) for rule in script.rules] == [
        (0x00100010, "@keep()", 3)
    ]
    assert script.params == {"SITE": " S1 "}
    assert script.keep_groups == {0x0009}
    assert script.switches == {Switch.CURVES}
    assert [warned.line for warned in script.warnings] == [5]


def test_the_older_form_says_the_same_in_java_properties() -> None:
    """Lines go on after a backslash, and a # switches a line off."""
    script = parse_script(PROPERTIES, "made")
    assert [(rule.tag, rule.text, rule.line) for rule in script.rules] == [
        (0x00100010, "@hash(this,6)", 3)
    ]
    assert script.params == {"SITE": "S1"}
    assert script.keep_groups == {0x0018}
    assert script.switches == {Switch.OVERLAYS}
    assert script.is_keeping_safe_private


def test_in_the_older_form_a_backslash_is_consumed_while_loading() -> None:
    """Java's properties syntax: one level of escapes."""
    script = parse_script(b'set.[0010,0020]X=@contents(this,"\\\\\\\\d","\\u0041") \n', "made")
    assert script.rules[0].text == '@contents(this,"\\\\d","A") '


def test_one_line_that_begins_like_xml_makes_the_file_xml() -> None:
    """CTP decides by any line, so what is no XML then is refused."""
    with pytest.raises(ScriptError, match="line 1: this is no well-formed XML"):
        parse_script(b"param.A=1\n  <script/>\n", "made")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (b"<script>\n<e en='T' t='00100010'>x</script>", 2, "no well-formed XML"),
        (b"<script>\n<e en='T' t='NoName' n=''>x</e></script>", 2, "names no element"),
        (b"<script>\n<e en='T' t='08' n=''>x</e></script>", 2, "names no element"),
        (b"<script>\n<r en='T' t='everything'/></script>", 2, "no such removal switch"),
        (b"<script>\n<k en='T' t='x'/></script>", 2, "not a hexadecimal number"),
        (b"\xef\xbb\xbf<script/>", 1, "byte-order mark"),
        (b"set.[0010,0010]=\\u00g0", 1, "four hexadecimal digits"),
        (b"\nremove.all=", 2, "no such removal switch"),
        (b"\n\nset.[hello]=x", 3, "names no element"),
    ],
)
def test_what_cannot_be_honoured_is_refused_with_its_line(
    text: bytes, line: int, words: str
) -> None:
    """CTP passes over it in silence, and the element leaves as it came."""
    with pytest.raises(ScriptError, match=words) as refused:
        parse_script(text, "made")
    assert refused.value.line == line
    assert refused.value.exit_code == UsageError.exit_code
    assert refused.value.remedy


def test_entities_neither_grow_nor_read_files() -> None:
    """A document type is refused before anything in it is looked at."""
    bomb = b'<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n<s><p t="x">&b;</p></s>'
    with pytest.raises(ScriptError, match="document types"):
        parse_script(bomb, "made")
    other = b'<!DOCTYPE s [<!ENTITY f SYSTEM "file:///etc/passwd">]>\n<s><p t="x">&f;</p></s>'
    with pytest.raises(ScriptError, match="document types"):
        parse_script(other, "made")


def test_a_script_that_is_far_too_large_is_refused() -> None:
    with pytest.raises(ScriptError, match="far too large"):
        parse_script(b" " * (16 * 1024 * 1024 + 1), "made")


def test_a_second_rule_for_an_element_is_warned_of() -> None:
    """The same spelling: the later one wins."""
    text = b'<s><e en="T" t="00100010" n="A">1</e>\n<e en="T" t="00100010" n="A">2</e></s>'
    script = parse_script(text, "made")
    assert [rule.text for rule in script.rules] == ["2"]
    assert [warned.line for warned in script.warnings] == [2]


def test_rivals_that_are_spelled_otherwise_are_warned_of() -> None:
    """Which of them wins is an accident of CTP's tables."""
    text = b'<s><e en="T" t="0008103E" n="A">1</e>\n<e en="T" t="0008103e" n="B">2</e></s>'
    script = parse_script(text, "made")
    assert len(script.rules) == 2
    assert "accident" in script.warnings[0].words


def test_a_script_crosses_to_a_worker_process() -> None:
    script = parse_script(XML, "made")
    assert pickle.loads(pickle.dumps(script)) == script  # noqa: S301  our own pickle


def test_a_lookup_table_is_read_as_java_reads_it() -> None:
    """ISO 8859-1, with the escapes of the properties format."""
    table = parse_lookup(b"pt/Abc\\ Def = 9 \n! no\npt/\\u00c4\xe4:x\npt/=\n")
    assert table == {"pt/Abc Def": "9 ", "pt/\xc4\xe4": "x", "pt/": ""}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("@call(plugin,this)", "@call asks for a plugin"),
        ('@contents(this,"[a-z&&b]")', "cannot be carried over"),
        ("@if(this,exists){" * 60 + "x" + "}{}" * 60, "too deep"),
    ],
)
def test_a_rule_that_cannot_be_honoured_is_refused_with_its_line(rule: str, words: str) -> None:
    with pytest.raises(ScriptError, match=words) as refused:
        method({"00080060": "@keep()", "00081030": rule})
    assert refused.value.line == 3


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("a@b", "every file in which it is applied is quarantined"),
        ("@hush(this)", "no function @hush"),
        ("@hash(this", "is not closed"),
        ("@if(this,exists){x}", "lacks a clause"),
        ("@contents()", "lacks an argument"),
        ('@contents(this,"*a")', "broken"),
        ('@contents(this,"a","$9")', "broken"),
        ("@if(this,Equals,x){a}{b}", "does not know this test"),
        ("@param(@NOPE)", "not defined"),
    ],
)
def test_what_ctp_takes_in_its_own_way_is_warned_of(rule: str, words: str) -> None:
    """It loads, as it does in CTP, and the operator is told what it means."""
    made = method({"00081030": rule})
    assert [(warned.line, words in warned.words) for warned in made.warnings] == [(2, True)]


def test_the_review_is_told_the_rule_as_written_with_its_line() -> None:
    made = ScriptMethod(parse_script(XML, "made"), {}, None, Label("made", "", ""))
    assert made.why(0x00100010) == "@keep() (line 3)"
    assert made.why(0x00100020) == "no rule; left as it is"
    assert made.why(0x00091001) == "no rule; its group or the element is kept"
