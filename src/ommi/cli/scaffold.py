"""`ommi driver new NAME`: the start of a driver, in which only its compliance tests fail."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from ommi.errors import ConfigurationError

_TEMPLATES = "driver_template"
_PLACES = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "package.py.txt": "src/{package}/__init__.py",
    "plugin.py.txt": "src/{package}/plugin.py",
    "driver.py.txt": "src/{package}/driver.py",
    "compiler.py.txt": "src/{package}/compiler.py",
    "test_compliance.py.txt": "tests/test_compliance.py",
}


def new_driver(name: str, folder: Path) -> list[Path]:
    """Write the distribution `ommi-NAME` into a folder of that name; give the files.

    `name` is the scheme of the URLs, lower-case letters and digits. Raises `ConfigurationError`
    for another one, and where the folder is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*", name) or keyword.iskeyword(name):
        raise ConfigurationError(
            f"a driver is named like the scheme of its URLs, in lower-case letters and digits, as "
            f"in `ommi driver new shelf`; found {name!r}"
        )
    place = folder / f"ommi-{name}"
    if place.exists():
        raise ConfigurationError(f"{place} is there already; choose another name or folder")
    words = {"name": name, "package": f"ommi_{name}", "Name": name.capitalize()}
    templates = files("ommi.cli") / _TEMPLATES
    written = []
    for template, pattern in _PLACES.items():
        file = place / pattern.format(**words)
        file.parent.mkdir(parents=True, exist_ok=True)
        text = Template((templates / template).read_text("utf-8")).substitute(words)
        file.write_text(text, "utf-8")
        written.append(file)
    return written
