"""The outside world: one package per reference node, and the TLS sessions they share."""
