"""Fictitious patients, with everything by which a hospital's files would give them away."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from adapters.sandbox.synth.chance import Chance

# (family, given, the same for ideographic and phonetic groups, character set, sex)
_NAMES = (
    ("Etxeberría Quiñones", "Maite", "", "ISO_IR 100", "F"),
    ("Müllensiefen", "Jürgen", "", "ISO_IR 100", "M"),
    ("Yamashita", "Tarou", "=山下^太郎=やました^たろう", "ISO_IR 192", "M"),
    ("Gonçalves Sobrinho", "Conceição", "", "ISO_IR 100", "F"),
    ("Παπαδημητρίου", "Ελένη", "", "ISO_IR 192", "F"),
    ("Björklund-Åkesson", "Sören", "", "ISO_IR 100", "M"),
    ("Wojciechowska-Ślęzak", "Zofia", "", "ISO_IR 192", "F"),
    ("Castellanos Ibáñez", "Íñigo", "", "ISO_IR 100", "M"),
    ("Ďurišová", "Ľudmila", "", "ISO_IR 192", "F"),
    ("Vandenbroucke", "Hélène", "", "ISO_IR 100", "F"),
)
_DOCTORS = ("Santamarta^Leocadia", "Oberhofer^Ignatius", "Kvistgaard^Annelise")
_HOSPITALS = (
    ("Hospital Universitario San Fermín", "Avenida de los Olmos 14, Villaseca"),
    ("Klinikum Sankt Notburga", "Lindenstrasse 220, Oberweiler"),
    ("Hospital da Boa Esperança", "Rua das Amoreiras 8, Valverde"),
)
_STREETS = ("Calle Almendros", "Lerchenweg", "Rua do Moinho", "Kastanjevej")
_ASCII = str.maketrans("áéíóúñçãüöäåíÍĽĎŚšęłů", "aeiouncauoaaiILDSselu")


@dataclass(frozen=True, slots=True)
class Person:
    """One patient; `row` counts from 1 and is all that may leave the hospital."""

    row: int
    family: str
    given: str
    other_groups: str
    character_set: str
    sex: str
    birth_date: dt.date
    baseline: dt.date
    patient_id: str
    former_id: str
    national_id: str
    insurance_id: str
    phone: str
    address: str
    doctor: str
    operator: str
    hospital: str
    hospital_address: str
    station: str

    @classmethod
    def draw(cls, seed: int, row: int, sex: str = "") -> Person:
        """The patient of that row, of either sex unless one is asked for."""
        chance = Chance(seed, "person", row)
        names = [name for name in _NAMES if sex in ("", name[4])]
        family, given, groups, character_set, sex = names[(row + 1) // 3 % len(names)]
        hospital, hospital_address = _HOSPITALS[(row - 1) % len(_HOSPITALS)]
        birth = dt.date(chance.between(1938, 1971), chance.between(1, 12), chance.between(1, 28))
        baseline = dt.date(2016, 1, 4) + dt.timedelta(days=chance.between(0, 1800))
        return cls(
            row=row,
            family=family,
            given=given,
            other_groups=groups,
            character_set=character_set,
            sex=sex,
            birth_date=birth,
            baseline=baseline,
            patient_id=f"NHC-{row % 10}{chance.digits(6)}",
            former_id=f"OLD{chance.digits(7)}",
            national_id=f"{chance.digits(8)}{chance.pick('BCDFGHJKLMNPQRSTVWXYZ')}",
            insurance_id=f"SS{chance.digits(10)}",
            phone=f"+34 6{chance.digits(8)}",
            address=f"{chance.pick(_STREETS)} {chance.between(101, 989)}",
            doctor=chance.pick(_DOCTORS),
            operator=f"Tecnico^{chance.pick(('Bermejo', 'Lindqvist', 'Sarmiento'))}",
            hospital=hospital,
            hospital_address=hospital_address,
            station=f"RXSALA{chance.digits(4)}",
        )

    @property
    def dicom_name(self) -> str:
        """PatientName with all its groups (PS3.5, 6.2.1)."""
        return f"{self.family}^{self.given}{self.other_groups}"

    @property
    def spoken_name(self) -> str:
        return f"{self.given} {self.family}"

    @property
    def folder(self) -> str:
        """How the hospital's export names the patient's folder: every other one by the patient."""
        if self.row % 2 == 0 or not self._ascii_family.isascii():
            return f"PAT{self.row:04}"
        digits = self.patient_id.removeprefix("NHC-")
        return f"{self._ascii_family.upper().replace(' ', '_')}_{digits}"

    @property
    def is_folder_telling(self) -> bool:
        return not self.folder.startswith("PAT")

    @property
    def _ascii_family(self) -> str:
        return self.family.translate(_ASCII)
