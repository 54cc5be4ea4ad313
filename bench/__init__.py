"""Benchmarks; each one prints a small table: `python -m bench.NAME`."""
