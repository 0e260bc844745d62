"""The legal record of a transfer, and the gate before anything is published (LEG-01 to LEG-04)."""
