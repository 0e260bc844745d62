"""The stand-in nodes, checked against recorded exchanges and against real clients."""
