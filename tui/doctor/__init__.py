"""The doctor's questions that need a terminal or the secret store, and all of them in order."""
