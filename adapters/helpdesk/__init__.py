"""EUCAIM's helpdesk (Zammad): which tickets there are, their text, and sending them."""
