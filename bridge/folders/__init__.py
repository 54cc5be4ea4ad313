"""The folders that sessions live in, on this machine's disk."""
