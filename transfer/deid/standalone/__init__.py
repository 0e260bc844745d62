"""`deid IN OUT`: a folder de-identified into another, clinical tables in step, no node."""
