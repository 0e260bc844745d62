"""What the operator sees: the Textual app and its twin, the command line."""
