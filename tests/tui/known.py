"""A node's journey that is always the same. Imports no Textual."""

from __future__ import annotations

from transfer.journey.steps import Journey, JourneyStep

JOURNEY = Journey(
    "UPV reference node",
    (
        JourneyStep("deidentify", 4, "De-identify", "Names leave the images.", "", "deidentify"),
        JourneyStep(
            "account", 5, "Account and sign-in", "Register.", "https://node.example/", "login"
        ),
        JourneyStep("ticket", 6, "Ticket for the project", "Write a ticket.", "", "ticket"),
        JourneyStep("tool", 7, "A working tool", "This program.", "", "doctor"),
        JourneyStep(
            "images", 8, "Send the images", "Sent, then listed.", "https://node.example/", "upload"
        ),
        JourneyStep("clinical", 9, "Send the clinical data", "One table."),
        JourneyStep("dataset", 10, "Create and release the dataset", "At the node."),
    ),
)
