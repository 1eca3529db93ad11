"""Optional behaviour around what is asked of a store; nothing here costs anything unused.

`Ommi(url, middleware=[QueryLog(), SoftDelete("deleted_at")])`. `protocol` says what a middleware
is; each other module holds one.
"""
