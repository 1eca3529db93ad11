"""The start of a driver, from the command line."""

from __future__ import annotations

from command.project import Project


def test_a_driver_is_begun(project: Project) -> None:
    done = project.run("driver", "new", "shelf")

    assert (done.exits, done.err) == (0, "")
    assert "wrote ommi-shelf/src/ommi_shelf/driver.py" in done.out.splitlines()


def test_a_name_that_is_no_scheme_is_refused(project: Project) -> None:
    done = project.run("driver", "new", "My-Shelf")

    assert done.exits == 2
    assert "lower-case letters and digits" in done.err
