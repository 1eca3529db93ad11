"""The start of a driver, from the command line."""

from __future__ import annotations

import subprocess
import sys

from command.project import Project


def test_a_driver_is_begun(project: Project) -> None:
    done = project.run("driver", "new", "shelf")

    assert (done.exits, done.err) == (0, "")
    assert "wrote ommi-shelf/src/ommi_shelf/driver.py" in done.out.splitlines()


def test_a_name_that_is_no_scheme_is_refused(project: Project) -> None:
    done = project.run("driver", "new", "My-Shelf")

    assert done.exits == 2
    assert "lower-case letters and digits" in done.err


def test_the_command_does_without_what_only_tests_need() -> None:
    program = (
        "import sys; sys.modules['pytest'] = None; import ommi.cli; "
        "print(len(ommi.cli.commands()))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
