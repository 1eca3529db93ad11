"""Questions of the generator, asked of whoever sits there."""

from __future__ import annotations

from dataclasses import replace

from ommi.cli.console import Console
from ommi.cli.exits import CommandError, Exit
from ommi.migrations.autogenerate import Answers, FillQuestion, Question


def answered(question: Question, answers: Answers, console: Console) -> Answers:
    """Ask one question; give the answers with the one that came. Raises `CommandError`."""
    if isinstance(question, FillQuestion):
        text = console.ask(
            f"{question.what} must have a value. What do old rows get ({question.storage})? "
        )
        return replace(answers, fills={**answers.fills, question.what: text})
    console.note(f"{question.what} is gone.")
    for number, each in enumerate(question.candidates, 1):
        console.note(f"  {number}  it is {each} now")
    console.note("  d  drop it, with its data")
    said = console.ask("Which? ")
    if said == "d":
        return replace(answers, dropped=answers.dropped | {question.what})
    if said.isdecimal() and 0 < int(said) <= len(question.candidates):
        new = question.candidates[int(said) - 1]
        return replace(answers, renames={**answers.renames, question.what: new})
    raise CommandError(f"no answer; {question}", Exit.REFUSED)
