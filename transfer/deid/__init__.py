"""De-identification of one header at a time: read, rewritten by a method, looked over, written."""
