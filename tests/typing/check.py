"""Check that mypy and pyright accept what users may write, and reject what they may not.

Every other file in this folder is read by both. A line that ends in `# expect-error` must be an
error for both of them, and no other line for either.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
MARK = "# expect-error"

Place = tuple[str, int]  # file, line


def main() -> int:
    files = sorted(path for path in FOLDER.rglob("*.py") if path != Path(__file__))
    expected = {place for path in files for place in marked(path)}
    found = {"mypy": mypy(files), "pyright": pyright()} if files else {}
    complaints = [
        complaint
        for checker, errors in found.items()
        for complaint in differences(checker, expected, errors)
    ]
    print("\n".join([*complaints, f"{len(files)} files, {len(expected)} expected errors"]))
    return 1 if complaints else 0


def marked(path: Path) -> list[Place]:
    lines = path.read_text().splitlines()
    return [(path.name, number) for number, line in enumerate(lines, 1) if line.endswith(MARK)]


def differences(checker: str, expected: set[Place], errors: dict[Place, str]) -> list[str]:
    surplus = [
        f"{name}:{line}: {checker}: {errors[name, line]}"
        for name, line in sorted(errors.keys() - expected)
    ]
    missing = [
        f"{name}:{line}: {checker}: accepted, an error was expected"
        for name, line in sorted(expected - errors.keys())
    ]
    return surplus + missing


def mypy(files: list[Path]) -> dict[Place, str]:
    lines = output_of("mypy", "--output=json", "--no-incremental", *map(str, files)).splitlines()
    reports = [json.loads(line) for line in lines if line.startswith("{")]
    return {
        (Path(report["file"]).name, report["line"]): report["message"]
        for report in reports
        if report["severity"] == "error" and ROOT / report["file"] in files
    }


def pyright() -> dict[Place, str]:
    options = ["--outputjson", "--pythonpath", sys.executable, "--project", str(FOLDER)]
    reports = json.loads(output_of("pyright", *options))["generalDiagnostics"]
    return {
        (Path(report["file"]).name, report["range"]["start"]["line"] + 1): report["message"]
        for report in reports
        if report["severity"] == "error"
    }


def output_of(checker: str, *arguments: str) -> str:
    command = [sys.executable, "-m", checker, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode > 1:  # 1: there are errors; more: the checker itself failed
        sys.exit(f"{checker} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
