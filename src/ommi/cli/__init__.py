"""The command `ommi`: the parser, and the way in and out."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from ommi.cli.command import Command, Context
from ommi.cli.console import Console, Reply
from ommi.cli.exits import CommandError, Exit
from ommi.cli.settings import Said, settings_from
from ommi.errors import DatabaseError, MigrationError, OmmiError

__all__ = ["main"]

_GROUPS = ("starting", "applying", "checking", "joining", "looking", "sessions", "drivers")
"""The modules of commands, in the order of the help."""

_CODES = """\
exit codes:
  0    done
  1    check, lint or doctor found something to be done
  2    the command line, the configuration or the models mean nothing
  3    the store cannot be reached, or refused
  4    the migrations are not in order, or a step asks for a decision
  130  interrupted
"""


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        usage = self.format_usage().rstrip()
        raise CommandError(f"{message}\n{usage}\n`{self.prog} --help` tells of each")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, else with those of the process; give its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    console = Console(as_json="--json" in given)
    try:
        reply = _run(given, console)
        console.reply(reply)
    except OmmiError as error:
        exits = _exit_of(error)
        console.error(str(error), type(error).__name__, exits)
        return exits
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            _silence_output()
            return Exit.DONE
        console.error(str(error), type(error).__name__, Exit.USAGE)
        return Exit.USAGE
    except KeyboardInterrupt:
        console.error("interrupted", "KeyboardInterrupt", Exit.INTERRUPTED)
        return Exit.INTERRUPTED
    return reply.exits


def _run(given: Sequence[str], console: Console) -> Reply:
    if given and given[0].startswith("--") and not "--help".startswith(given[0]):
        raise CommandError("options stand after the command, as in `ommi status --url URL`")
    options = parser().parse_args(given)
    for name in ("url", "models", "migrations"):
        if getattr(options, name) == "":
            # A variable of a shell that is not set; what else is configured is not meant.
            raise CommandError(f"--{name} is empty")
    command: Command = options.command
    said = Said(options.url, options.models, options.migrations)
    settings = settings_from(Path.cwd(), said, database=options.database)
    context = Context(options, settings, console)
    answer = command.run(context)
    return asyncio.run(answer) if inspect.iscoroutine(answer) else answer  # type: ignore[return-value]


def parser() -> ArgumentParser:
    """Make the parser of all commands."""
    top = _Parser(
        prog="ommi",
        description="Schemas over time, and databases seen from outside.",
        epilog=_CODES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    words = top.add_subparsers(metavar="command", required=True)
    shared = _shared()
    for command in commands():
        one = words.add_parser(
            command.name,
            help=command.summary,
            description=f"{command.summary[:1].upper()}{command.summary[1:]}.",
            formatter_class=RawDescriptionHelpFormatter,
            parents=[shared],
        )
        if command.arguments is not None:
            command.arguments(one)
        one.set_defaults(command=command)
    return top


def commands() -> tuple[Command, ...]:
    """Give every command, in the order of the help."""
    return tuple(c for group in _GROUPS for c in import_module(f"ommi.cli.{group}").COMMANDS)


def _shared() -> _Parser:
    shared = _Parser(add_help=False)
    group = shared.add_argument_group("configuration")
    group.add_argument("--url", help="the database (else OMMI_URL, else [tool.ommi])")
    group.add_argument(
        "--models",
        help="modules of models, as app.models or app.models:collection, with commas between",
    )
    group.add_argument("--migrations", help="the folder of migrations (else migrations)")
    group.add_argument("--database", help="one of [tool.ommi.databases]")
    group.add_argument("--json", action="store_true", help="answer with JSON")
    return shared


def _exit_of(error: OmmiError) -> Exit:
    if isinstance(error, CommandError):
        return error.exits
    if isinstance(error, MigrationError):
        return Exit.STORE if isinstance(error.__cause__, DatabaseError) else Exit.REFUSED
    return Exit.STORE if isinstance(error, DatabaseError) else Exit.USAGE


def _silence_output() -> None:
    # Whoever read has gone; Python would complain again when it flushes at its end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
