"""The ratios to the baseline that Ommi is to reach."""

from __future__ import annotations

PROMISE = 1.05
"""No workload is to cost more than this, times hand-written code on a bare connection."""

_AIMS = {
    #              W1    W2    W3    W4    W5    W5k   W6    W7    W8    W8m   W9    W10   W11
    "postgresql": (1.00, 1.02, 0.95, 1.00, 1.05, 1.05, 1.03, 1.03, 1.03, 1.03, 0.40, 0.75, 1.00),
    "sqlite":     (0.95, 1.00, 0.90, 1.00, 1.00, 1.00, 1.00, 0.97, 1.00, 1.00, 0.50, 0.95, 0.90),
    "mariadb":    (0.75, 1.00, 0.95, 1.00, 0.60, 0.60, 1.03, 1.00, 1.00, 1.00, 0.80, 1.03, 1.00),
}  # fmt: skip
_NAMES = ("W1", "W2", "W3", "W4", "W5", "W5k", "W6", "W7", "W8", "W8m", "W9", "W10", "W11")


def aim(store: str, workload: str) -> float:
    """Give the ratio that is wanted."""
    return dict(zip(_NAMES, _AIMS[store], strict=True))[workload]
