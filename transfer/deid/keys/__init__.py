"""The cohort's key: its form, where it lies, and what is sealed with it."""
