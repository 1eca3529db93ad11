"""`init` and `new`: a project that knows Ommi, and migrations from its models."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ommi.cli.asking import answered
from ommi.cli.command import Command, Context
from ommi.cli.console import Reply
from ommi.cli.exits import CommandError, Exit
from ommi.cli.folders import finding_data, finding_lines, trusted, wanted, words
from ommi.cli.settings import Said, settings_from
from ommi.drivers.addresses import parsed
from ommi.migrations.autogenerate import Answers, described, generated
from ommi.migrations.files import FileMigration, source_of
from ommi.migrations.folder import Folder
from ommi.migrations.lint import expanded, lint
from ommi.schema.operations import Operation

_EXAMPLE = '''\
"""The models of this project."""

from dataclasses import dataclass
from typing import Annotated

from ommi import Auto, Key, Unique, ommi_model


@ommi_model
@dataclass
class User:
    name: str
    email: Annotated[str | None, Unique] = None
    id: Annotated[int | None, Key | Auto] = None
'''
_CODE = '''\
async def up(schema):
    """Runs after the operations; `schema` is a SchemaManager."""


async def down(schema):
    """Runs before the operations are undone."""
'''


def init(context: Context) -> Reply:
    """Write a section of settings, and models to begin with where there are none."""
    file = Path.cwd() / "pyproject.toml"
    there = settings_from(Path.cwd(), Said(), {})
    if there.origins:
        raise CommandError(f"Ommi is configured already, in {there.folder}")
    url = context.text("url") or "sqlite:///app.db"
    if parsed(url, {}).password is not None:
        raise CommandError(
            "a password does not belong into a file: write ${DATABASE_PASSWORD} in its place, "
            "which is read from the environment, or set OMMI_URL instead"
        )
    models = context.text("models") or "models"
    section = f'[tool.ommi]\nurl = "{url}"\nmodels = "{models}"\n'
    made = [_append(file, section)]
    module = Path.cwd() / f"{models.replace('.', '/')}.py"
    is_there = module.exists() or module.with_suffix("").is_dir()
    if "," not in models and ":" not in models and not is_there:
        module.parent.mkdir(parents=True, exist_ok=True)
        module.write_text(_EXAMPLE, encoding="utf-8")
        made.append(str(module.relative_to(Path.cwd())))
    lines = [f"wrote {each}" for each in made]
    return Reply((*lines, "next: `ommi new`, then `ommi migrate`"), {"wrote": made})


def _append(file: Path, section: str) -> str:
    old = file.read_text(encoding="utf-8") if file.exists() else ""
    gap = "" if not old or old.endswith("\n\n") else "\n" if old.endswith("\n") else "\n\n"
    file.write_text(f"{old}{gap}{section}", encoding="utf-8")
    return file.name


def new(context: Context) -> Reply:
    """Write the migration from the migrations that there are to the models."""
    folder = trusted(context)
    operations = () if context.flag("empty") else _changes(context, folder)
    if not operations and not context.flag("empty"):
        return Reply(("nothing changed",), {"migrations": []})
    before = folder.schema
    findings = lint(operations, before)
    stages = expanded(operations, before) if context.flag("safe") and operations else (operations,)
    written = _written(context, folder, stages)
    parts = [line for each, name in written for line in (name, *words(each))]
    if not context.flag("safe"):
        parts.extend(finding_lines(findings))
    data = [
        {"version": each.version, "operations": [str(one) for one in each.operations]}
        for each, _ in written
    ]
    return Reply(tuple(parts), {"migrations": data, "findings": finding_data(findings)})


def _changes(context: Context, folder: Folder) -> tuple[Operation, ...]:
    answers = Answers(
        renames=_pairs(context.texts("rename"), "--rename"),
        dropped=frozenset(context.texts("drop")),
        fills=_pairs(context.texts("fill"), "--fill"),
        rekeyed=frozenset(context.texts("new_key")),
    )
    target = wanted(context)
    found = generated(folder.schema, target, answers)
    while found.questions:
        if not context.console.is_interactive:
            raise CommandError("\n".join(map(str, found.questions)), Exit.REFUSED)
        answers = answered(found.questions[0], answers, context.console)
        found = generated(folder.schema, target, answers)
    return found.operations


def _pairs(said: Sequence[str], option: str) -> Mapping[str, str]:
    pairs = {}
    for each in said:
        name, sign, value = each.partition("=")
        if not sign or not name or (option == "--rename" and not value):
            raise CommandError(f"{option} wants two things with = between, found {each!r}")
        pairs[name] = value
    return pairs


def _written(
    context: Context, folder: Folder, stages: Sequence[Sequence[Operation]]
) -> list[tuple[FileMigration, str]]:
    """Write a file for each stage, or only tell of it."""
    done: list[tuple[FileMigration, str]] = []
    for number, operations in enumerate(stages):
        description = context.text("description") or _description(folder, operations)
        if number:
            description += " after a look at the rows"
        migration = folder.planned(description, operations)
        code = _CODE if context.flag("empty") else ""
        if context.flag("dry_run"):
            done.append((migration, source_of(migration, code)))
            folder = replace(folder, migrations=(*folder.migrations, migration))
        else:
            file = folder.write(migration, code)
            done.append((migration, f"wrote {_shown(file)}"))
            folder = Folder.read(folder.path)
    return done


def _description(folder: Folder, operations: Sequence[Operation]) -> str:
    if not operations:
        return "by hand"
    return described(operations) if folder.migrations else "start"


def _shown(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)


def _new_options(parser: ArgumentParser) -> None:
    parser.add_argument("description", nargs="?", help="a few words, for the name of the file")
    parser.add_argument("--empty", action="store_true", help="a file for code of your own")
    parser.add_argument("--safe", action="store_true", help="expand what would lock a table")
    parser.add_argument("--dry-run", action="store_true", help="show the file, write nothing")
    for option, value, text in (
        ("--rename", "OLD=NEW", "a table or table.column that has another name now"),
        ("--drop", "NAME", "a table or table.column that is to go, with its data"),
        ("--fill", "NAME=VALUE", "what old rows get in table.column"),
        ("--new-key", "TABLE", "a table that is made anew, with its rows, for another key"),
    ):
        parser.add_argument(option, action="append", metavar=value, help=text)


COMMANDS = (
    Command("init", "write settings, and models to begin with", init),
    Command("new", "write a migration for what changed in the models", new, _new_options),
)
