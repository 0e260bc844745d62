"""EUCAIM's catalogue: what the entry of a dataset says, from what its node holds (CAT rules)."""
