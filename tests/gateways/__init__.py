"""Several hosts that send parts of one cohort, as transfers of their own."""
