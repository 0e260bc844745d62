"""The specification of eucaim-transfer, at several levels."""
