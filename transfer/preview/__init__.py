"""A picture of one slice, for what people see at a glance and no program does: faces, and names
burned into pixels."""
