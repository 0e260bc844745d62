"""Step 10: an upload becomes a dataset that others can find, and only behind the legal gate."""
