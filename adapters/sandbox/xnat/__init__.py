"""A stand-in for XNAT 1.8 - 1.10 over REST: what its clients need, its states, rules and traps."""
