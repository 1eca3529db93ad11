"""What the command writes where, and how it ends."""

from __future__ import annotations

import io
import sys

import pytest

from command.project import USER, Project
from ommi import cli
from ommi.cli.command import Command, Context
from ommi.cli.console import Console, Reply, Rows
from ommi.cli.exits import Exit


class Terminal(io.StringIO):
    """What somebody looks at."""

    def isatty(self) -> bool:
        return True


TABLE = Rows(("name", "n"), (("[red]x", "1"), ("a", "22")))


def test_tables_are_plain_where_nobody_looks() -> None:
    out = io.StringIO()

    Console(out=out).reply(Reply((TABLE, "end")))

    assert out.getvalue() == "name    n\n[red]x  1\na       22\nend\n"


def test_a_table_without_a_head_has_none() -> None:
    out = io.StringIO()

    Console(out=out).reply(Reply((Rows(("", ""), (("a", "b"),)),)))

    assert out.getvalue() == "a  b\n"


def test_rich_draws_tables_where_somebody_looks_and_reads_no_markup() -> None:
    out = Terminal()

    Console(out=out).reply(Reply((TABLE,)))

    assert "┃" in out.getvalue()
    assert "[red]x" in out.getvalue()


def test_without_rich_it_is_plain_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    out, err = Terminal(), Terminal()
    console = Console(out=out, err=err)

    console.reply(Reply((TABLE,)))
    console.error("no", "CommandError", Exit.USAGE)

    assert out.getvalue().startswith("name    n\n")
    assert err.getvalue() == "ommi: no\n"


def test_an_error_is_shown_as_it_is_where_somebody_looks() -> None:
    err = Terminal()

    Console(err=err).error("a [bold] thing", "CommandError", Exit.USAGE)

    assert "ommi:" in err.getvalue()
    assert "a [bold] thing" in err.getvalue()


def test_notes_are_silent_in_json() -> None:
    out, err = io.StringIO(), io.StringIO()

    Console(as_json=True, out=out, err=err).note("meanwhile")

    assert (out.getvalue(), err.getvalue()) == ("", "")


@pytest.mark.parametrize(
    ("raised", "exits", "told"),
    [
        (KeyboardInterrupt(), Exit.INTERRUPTED, "ommi: interrupted\n"),
        (
            PermissionError(13, "Permission denied", "x.py"),
            Exit.USAGE,
            "Permission denied: 'x.py'",
        ),
    ],
)
def test_what_stops_it_is_told_in_a_line(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    raised: BaseException,
    exits: Exit,
    told: str,
) -> None:
    def run(context: Context) -> Reply:
        raise raised

    monkeypatch.setattr(cli, "commands", lambda: (Command("stop", "stops", run),))

    done = project.run("stop")

    assert done.exits == exits
    assert told in done.err


def test_every_command_has_help_and_json() -> None:
    for command in cli.commands():
        assert command.summary[0].islower() or command.summary.startswith("Python")
        wanted = ["new", "shelf"] if command.name == "driver" else []
        options = cli.parser().parse_args([command.name, *wanted, "--json"])
        assert options.json is True


def test_a_word_is_explained(project: Project) -> None:
    project.models(USER)

    with pytest.raises(SystemExit) as left:
        project.run("new", "--help")

    assert left.value.code == 0
