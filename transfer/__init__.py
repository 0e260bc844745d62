"""What happens: scan, plan, send, verify, record. Knows no node and no screen."""

__version__ = "0.1.0"
