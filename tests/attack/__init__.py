"""Attacks, really made: what the other side of each border can try, and what comes of it."""
