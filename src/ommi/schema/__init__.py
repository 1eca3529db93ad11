"""What a store looks like, as data."""
