"""Everything random in a cohort, drawn from its seed: the same seed, the same bytes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")
_NAMESPACE = uuid.UUID("6f3f2f6e-8a51-4d0c-9a0b-7d0a52f1c9e4")


class Chance:
    """One stream of chance, named by its seed and what it is for; independent of all others."""

    def __init__(self, seed: int, *names: object) -> None:
        self._path = "/".join(str(name) for name in (seed, *names))
        entropy = uuid.uuid5(_NAMESPACE, self._path).int
        self.numbers = np.random.Generator(np.random.PCG64(entropy))

    def uid(self, *names: object) -> str:
        """A UID below 2.25 (PS3.5, B.2) that depends on the names alone, not on earlier draws."""
        text = "/".join(str(name) for name in (self._path, *names))
        return f"2.25.{uuid.uuid5(_NAMESPACE, text).int}"

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self.numbers.integers(low, high + 1))

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self.numbers.integers(len(choices)))]

    def digits(self, count: int) -> str:
        """So many digits, the first of them no zero."""
        rest = "".join(str(self.between(0, 9)) for _ in range(count - 1))
        return f"{self.between(1, 9)}{rest}"
