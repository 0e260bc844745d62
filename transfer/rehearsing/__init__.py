"""Rehearsals: the journey of a transfer with stand-in nodes, before anything has gone."""
