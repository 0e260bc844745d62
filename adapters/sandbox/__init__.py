"""Stand-ins for the reference nodes, served on loopback, and the synthetic cohort.

An optional extra: nothing outside this package imports it before it is asked for.
"""
