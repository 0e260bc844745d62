"""The journey of a transfer: the handbook's steps on its node, and how far each is."""
