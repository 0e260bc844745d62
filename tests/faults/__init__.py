"""The real runner, killed, cut off, interrupted and starved; what it promised must still hold."""
