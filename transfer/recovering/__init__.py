"""A ledger that is damaged or lost: looked at, put back from its copy, or made anew."""
