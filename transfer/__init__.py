"""What happens: scan, plan, send, verify, record. Knows no node and no screen."""
