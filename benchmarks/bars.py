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


_ON_REDIS = {"W1": 1.05, "W3": 1.10, "W4": 1.10, "W7": 1.10, "W9": 1.05, "W13": 1.10}
"""What hand-written code would do by other means is not compared with it."""


def is_measured(store: str, workload: str) -> bool:
    """Tell whether a workload is measured on a store."""
    return workload in (_ON_REDIS if store == "redis" else _NAMES)


def aim(store: str, workload: str) -> float:
    """Give the ratio that is wanted."""
    if store == "redis":
        return _ON_REDIS[workload]
    return dict(zip(_NAMES, _AIMS[store], strict=True))[workload]
