"""What the outside world may do to us, and what we make of it."""
