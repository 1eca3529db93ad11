"""`shell` and `doctor`: a database at hand, and what there is to know of it."""

from __future__ import annotations

import contextlib
import io
from argparse import ArgumentParser

from ommi.cli.command import Command, Context
from ommi.cli.console import Reply, Rows
from ommi.cli.doctor import examined
from ommi.cli.exits import CommandError, Exit
from ommi.cli.repl import Shell


def shell(context: Context) -> Reply:
    """Open the database and read Python, with `db` and the models at hand."""
    code = context.text("command_text")
    if context.console.as_json and code is None:
        raise CommandError("shell answers a person; with --json, say what to run with -c")
    known = context.models.models if context.settings.models else ()
    models = {model.name: model.cls for model in known}
    with Shell(context.database(), models) as session:
        if code is None:
            session.converse()
            return Reply()
        output = io.StringIO()
        told = contextlib.redirect_stdout(output) if context.console.as_json else None
        with told or contextlib.nullcontext():
            worked = session.run(code)
    exits = Exit.DONE if worked else Exit.FOUND
    return Reply((), {"output": output.getvalue()}, exits)


async def doctor(context: Context) -> Reply:
    """Tell versions, configuration, connection, capabilities and settings; never a password."""
    report = await examined(context)
    parts: list[str | Rows] = []
    for title, facts in report.sections:
        if facts:
            parts.extend((f"\n{title}", Rows(("", ""), tuple(facts.items()))))
    parts.extend(f"\n! {advice}" for advice in report.advice)
    data = {title: dict(facts) for title, facts in report.sections}
    return Reply(tuple(parts), {**data, "advice": list(report.advice)}, report.exits)


def _shell_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "-c", dest="command_text", metavar="CODE", help="run this, which may await, and end"
    )


COMMANDS = (
    Command("shell", "Python with top-level await, `db` and the models", shell, _shell_options),
    Command("doctor", "tell what Ommi finds here, and what should be changed", doctor),
)
