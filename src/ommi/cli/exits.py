"""How the command ends: what its exit codes mean, and the errors that only it has."""

from __future__ import annotations

from enum import IntEnum

from ommi.errors import OmmiError


class Exit(IntEnum):
    """The exit codes; `docs/command.md` has the same table."""

    DONE = 0
    FOUND = 1
    """`check`, `lint` or `doctor` found something to be done; code of `shell -c` failed."""
    USAGE = 2
    """The command line, the configuration or the models mean nothing."""
    STORE = 3
    """The store cannot be reached, or refused."""
    REFUSED = 4
    """The migrations are not in order, or a step asks for a decision; nothing was changed."""
    INTERRUPTED = 130
    """Ctrl-C."""


class CommandError(OmmiError):
    """The command cannot do what was asked; it says what to do instead."""

    def __init__(self, reason: str, exits: Exit = Exit.USAGE) -> None:
        self.exits = exits
        super().__init__(reason)
