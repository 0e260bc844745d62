"""Measurements, never part of the ordinary run: `python -m tests.benchmarks`."""
