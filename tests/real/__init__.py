"""Real servers, started and ended by the tests themselves."""
