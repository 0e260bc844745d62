"""Files that a transfer gives besides what it sends: for Lethe, for the ETL, for whoever mends."""
