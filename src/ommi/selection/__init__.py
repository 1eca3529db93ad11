"""What `find` and `query` return: one immutable question, two doors.

`find` gives operations, which answer with Results; `query` gives plain values and raises.
"""

from ommi.selection.kept import KeptFinding, KeptQuery
from ommi.selection.questions import Condition, Fetching, Finding, OrderKey, Query, Selection

__all__ = [
    "Condition",
    "Fetching",
    "Finding",
    "KeptFinding",
    "KeptQuery",
    "OrderKey",
    "Query",
    "Selection",
]
