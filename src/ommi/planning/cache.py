"""Plans by shape, bounded."""

from __future__ import annotations

from ommi.planning.plan import Plan


class PlanCache:
    """Keeps the plans that were used of late, at most `size` of them.

    Two generations: a plan that is found among the old ones moves to the young; when the young
    fill half the room, the old ones are forgotten and the young become old. A hit among the young,
    the usual case, is one dictionary look-up and writes nothing.
    """

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, size: int = 1024) -> None:
        self._half = max(1, size // 2)
        self._young: dict[object, Plan] = {}
        self._old: dict[object, Plan] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, shape: object) -> Plan | None:
        """Give the plan of a shape, if it is kept."""
        plan = self._young.get(shape)
        if plan is None:
            plan = self._old.pop(shape, None)
            if plan is not None:
                self.put(shape, plan)
        return plan

    def put(self, shape: object, plan: Plan) -> None:
        """Keep the plan of a shape."""
        if len(self._young) >= self._half:
            self._old = self._young
            self._young = {}
        self._young[shape] = plan
