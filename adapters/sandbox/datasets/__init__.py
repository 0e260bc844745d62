"""A stand-in for the node's dataset-service 3.23.2, after recorded answers of the real one.

Where its OpenAPI file says otherwise the service is followed (upv-node.md 2.6). What was never
recorded is marked as a guess where it is decided.
"""
