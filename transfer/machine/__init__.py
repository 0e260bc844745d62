"""What this machine and this account can do, a small question at a time; changes nothing.

Each question gives one `CheckResult` and never raises. What needs a terminal, the secret store or
a connection is asked elsewhere.
"""
