"""`python -m ommi` is the command `ommi`."""

import sys

from ommi.cli import main

if __name__ == "__main__":
    sys.exit(main())
