"""What de-identification does to a transfer, for a person who looks before anything leaves."""
