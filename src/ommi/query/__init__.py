"""What is asked: frozen values with no text and no I/O."""
