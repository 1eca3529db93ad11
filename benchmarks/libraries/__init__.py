"""The same operations by each library, one module each, in its best reasonable form."""
