"""What went out of one patient, found by an original Patient ID or a pseudonym; never another's."""
