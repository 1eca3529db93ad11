"""How a statement will be done: plans, made once per shape and kept."""
