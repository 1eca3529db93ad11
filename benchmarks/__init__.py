"""Ommi beside hand-written code on the bare client libraries: `python -m benchmarks`."""
