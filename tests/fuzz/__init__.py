"""Coverage-guided fuzzing of everything that reads foreign bytes; see `python -m tests.fuzz`."""
