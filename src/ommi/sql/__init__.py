"""What the SQL stores share, and nobody else uses."""
