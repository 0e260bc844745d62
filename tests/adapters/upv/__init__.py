"""The UPV adapter, piece by piece."""
