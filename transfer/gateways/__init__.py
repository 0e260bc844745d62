"""Several hosts that send parts of one cohort: what each says of itself, and whether they agree."""
