"""The script language of CTP's DICOM anonymizer: reading scripts, and compiling their rules."""

from transfer.deid.script.model import Rule, Script, ScriptError, Switch, Warned
from transfer.deid.script.parse import parse_lookup, parse_script

__all__ = [
    "Rule",
    "Script",
    "ScriptError",
    "Switch",
    "Warned",
    "parse_lookup",
    "parse_script",
]
