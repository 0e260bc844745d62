"""The scenarios, by what breaks."""
