"""The XNAT stand-in, judged by its rules and by the real clients."""
