"""National and insurance numbers that prove themselves by a check digit.

Each scheme is its authority's: Spain's DNI and NIE (letter by the remainder of 23), Italy's codice
fiscale (DM 23/12/1976), France's NIR (key of 97), the NHS number (modulo 11), the Dutch BSN (eleven
test), Poland's PESEL, Germany's Identifikationsnummer (ISO 7064, MOD 11,10) and the insured
person's number of its health insurance (section 290 SGB V).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_DNI: Final = re.compile(
    r"(?<![A-Z0-9])([XYZ]?)-?(\d{7,8}|\d{1,2}\.\d{3}\.\d{3})[- ]?([A-Z])(?![A-Z0-9])"
)
_CODICE: Final = re.compile(
    r"(?<![A-Z0-9])[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?![A-Z0-9])"
)
_NIR: Final = re.compile(
    r"(?<!\d)([12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3}) ?(\d{2})(?!\d)"
)
_NHS_SPACED: Final = re.compile(r"(?<!\d)\d{3}[ -]\d{3}[ -]\d{4}(?!\d)")
_ODD: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3,
         6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)  # fmt: skip
_LONGEST: Final = 4096


def surely_national(text: str) -> str:
    """Which number stands in a text, where its form and check digit leave little to chance; empty
    where none does."""
    found = text[:_LONGEST].upper()
    if any(_is_dni(*one.groups()) for one in _DNI.finditer(found)):
        return "a Spanish DNI or NIE"
    if any(_is_codice(one[0]) for one in _CODICE.finditer(found)):
        return "an Italian codice fiscale"
    if any(_is_nir(*one.groups()) for one in _NIR.finditer(found)):
        return "a French NIR"
    if any(_is_nhs(_digits(one[0])) for one in _NHS_SPACED.finditer(found)):
        return "an NHS number"
    return ""


def _is_dni(series: str, digits: str, letter: str) -> bool:
    digits = digits.replace(".", "")
    if len(digits) != (7 if series else 8):
        return False
    number = int(("XYZ".index(series) if series else 0) * 10_000_000 + int(digits))
    return _DNI_LETTERS[number % 23] == letter


def _is_codice(code: str) -> bool:
    total = 0
    for n, sign in enumerate(code[:15], 1):
        if n % 2:
            total += _ODD[sign]
        else:
            total += int(sign) if sign.isdecimal() else ord(sign) - ord("A")
    return chr(ord("A") + total % 26) == code[15]


def _is_nir(body: str, key: str) -> bool:
    # Corsica's departments have letters, which count less than the department's old number did.
    plain = body.replace(" ", "")
    for letters, less in (("2A", 1_000_000), ("2B", 2_000_000)):
        if letters in plain:
            return 97 - (int(plain.replace(letters, "20")) - less) % 97 == int(key)
    return 97 - int(plain) % 97 == int(key)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())


def _is_nhs(digits: str) -> bool:
    total = sum(int(d) * weight for d, weight in zip(digits, range(10, 1, -1), strict=False))
    return 11 - total % 11 == (int(digits[9]) or 11)


def _is_bsn(digits: str) -> bool:
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    total = sum(int(d) * w for d, w in zip(digits, weights, strict=True))
    return total % 11 == 0 and int(digits) > 0


def _is_pesel(digits: str) -> bool:
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
    month, day = int(digits[2:4]) % 20, int(digits[4:6])
    total = sum(int(d) * w for d, w in zip(digits, weights, strict=True))
    return total % 10 == 0 and 1 <= month <= 12 and 1 <= day <= 31


def _is_idnr(digits: str) -> bool:
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return digits[0] != "0" and (11 - product) % 10 == int(digits[10])


def _is_kvnr(text: str) -> bool:
    digits = f"{ord(text[0].upper()) - ord('A') + 1:02}{text[1:9]}"
    total = 0
    for n, digit in enumerate(digits):
        value = int(digit) * (1 + n % 2)
        total += value // 10 + value % 10
    return total % 10 == int(text[9])


class _Scheme(NamedTuple):
    """A number that one value in ten would pass for by accident."""

    kind: str
    form: re.Pattern[str]
    is_right: Callable[[str], bool]


_SCHEMES: Final = (
    _Scheme("NHS numbers", re.compile(r"\d{10}"), _is_nhs),
    _Scheme("Dutch BSN", re.compile(r"\d{9}"), _is_bsn),
    _Scheme("Polish PESEL", re.compile(r"\d{11}"), _is_pesel),
    _Scheme("German tax numbers", re.compile(r"\d{11}"), _is_idnr),
    _Scheme("German insurance numbers", re.compile(r"[A-Za-z]\d{9}"), _is_kvnr),
)
_ENOUGH: Final = 4
"""Different values that all have to be right before a column is one of such numbers."""
_FORMS: Final = re.compile(r"[A-Za-z]?\d{9,11}")


class NumberColumn:
    """Whether the values of a column are numbers of one of those schemes, as they are seen one by
    one: one wrong value says that they are not."""

    def __init__(self) -> None:
        self._open = {scheme.kind: set[str]() for scheme in _SCHEMES}

    def see(self, text: str) -> None:
        """Look at one more value, which is not empty."""
        form = text if _FORMS.fullmatch(text) else ""
        for scheme in _SCHEMES:
            seen = self._open.get(scheme.kind)
            if seen is None:
                continue
            if not form or not scheme.form.fullmatch(form) or not scheme.is_right(form):
                del self._open[scheme.kind]
            elif len(seen) < _ENOUGH:
                seen.add(form)

    @property
    def is_open(self) -> bool:
        """Whether it still may be one."""
        return bool(self._open)

    @property
    def kind(self) -> str:
        """Which; empty where it is none."""
        return next((kind for kind, seen in self._open.items() if len(seen) >= _ENOUGH), "")
