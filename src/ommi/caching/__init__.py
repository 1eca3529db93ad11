"""Answers that are kept: how many, for how long, and what makes them old. No store, no I/O.

`query_cache` holds them, `keys` and `footprints` say what a question is and which tables it reads,
`versions` which of these were written, and `agreement` what several processes tell each other.
"""
