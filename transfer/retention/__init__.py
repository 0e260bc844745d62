"""The end of retention: originals, key and copies are removed; the evidence is kept."""
