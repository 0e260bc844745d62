"""What EUCAIM asks of data, as rules: instances and tables in, findings out."""
