"""Commands that belong together, run one after the other in one session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from ommi.drivers.mongodb.commands import Command, Insert
from ommi.drivers.mongodb.running import Runner, Session
from ommi.drivers.protocol import Step
from ommi.planning.plan import Rows


async def run_steps(runner: Runner, steps: Sequence[Step], session: Session) -> list[Rows]:
    """Run the steps in order; give, for each, the rows that it returned."""
    told: list[Rows] = []
    for step in steps:
        parameters = step.after(told).parameters
        command = cast("Command", step.command)
        if isinstance(command, Insert):
            told.append(await runner.insert(command, parameters, session))
            continue
        for each in parameters:
            await runner.execute(command, each, session)
        told.append([])
    return told
