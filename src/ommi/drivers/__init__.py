"""One folder per store; the same file names in each."""
