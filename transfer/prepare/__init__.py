"""De-identification before the plan: what leaves is made once, judged, and kept as a record."""
