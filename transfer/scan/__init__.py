"""From a folder to its files, and from a file to what it is."""
