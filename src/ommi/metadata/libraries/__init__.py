"""One file per model library: recognise a class, list its fields, construct, read."""
