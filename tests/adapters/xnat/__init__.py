"""The XNAT adapter, piece by piece."""
