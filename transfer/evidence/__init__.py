"""The evidence of a transfer: one folder that a data protection officer can check offline."""
