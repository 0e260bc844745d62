"""The asyncio pipeline of one transfer: lease a batch, send it, record it, verify it."""
