"""A synthetic cohort: fictitious patients whose identifiers are planted, and listed."""

from adapters.sandbox.synth.cohort import CohortSummary, write_cohort

__all__ = ["CohortSummary", "write_cohort"]
