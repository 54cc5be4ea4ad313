"""Sees to it that each session with undone messages has exactly one server."""
