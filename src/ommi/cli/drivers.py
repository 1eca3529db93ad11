"""`driver new`: the start of a driver for a store of one's own."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from ommi.cli.command import Command, Context
from ommi.cli.console import Reply
from ommi.cli.scaffold import new_driver


def driver(context: Context) -> Reply:
    """Write a distribution with a driver in which only its compliance tests fail."""
    here = Path.cwd()
    made = [str(file.relative_to(here)) for file in new_driver(context.options.driver_name, here)]
    lines = [f"wrote {each}" for each in made]
    return Reply((*lines, "next: docs/writing-a-driver.md"), {"wrote": made})


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("action", choices=["new"], help="what to do")
    parser.add_argument(
        "driver_name", metavar="NAME", help="the scheme of its URLs: lower-case letters and digits"
    )


COMMANDS = (
    Command("driver", "write the start of a driver for another store", driver, _arguments),
)
