"""Transactions: blocks on one connection, what poisons them, and how they are done again."""
