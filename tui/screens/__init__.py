"""One screen per module, its look in the .tcss beside it."""
