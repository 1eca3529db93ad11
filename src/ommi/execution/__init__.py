"""Doing it: from a plan to rows, from rows to models, and back."""
