"""How hard the tests try: `ci` on every change, `quick` on further Pythons, `soak` at night."""

from __future__ import annotations

import os

QUICK = "quick"
CI = "ci"
SOAK = "soak"
PROFILES = (QUICK, CI, SOAK)

PROFILE = os.environ.get("OMMI_TEST_PROFILE", CI)
if PROFILE not in PROFILES:
    message = f"OMMI_TEST_PROFILE is one of {PROFILES}, not {PROFILE!r}"
    raise ValueError(message)


def examples(ci: int, soak: int) -> int:
    """Pick the number of examples, rounds or tasks for the profile in use."""
    return {QUICK: max(1, ci // 10), CI: ci, SOAK: soak}[PROFILE]
