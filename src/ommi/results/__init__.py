"""Results: Success, Failure, and the awaitable that becomes one of them.

`Operation` is how the rest of Ommi makes an `AsyncResultWrapper`. Annotate what is awaited with
`Answer[T]`: it is the plain union, so `match` and `assert_never` prove that nothing is forgotten.
"""

from ommi.results.operation import (
    AsyncResultWrapper,
    Operation,
    WriteOperation,
)
from ommi.results.ready import NOT_YET, ReadyOperation
from ommi.results.result import Answer, Failure, Result, Success

__all__ = [
    "NOT_YET",
    "Answer",
    "AsyncResultWrapper",
    "Failure",
    "Operation",
    "ReadyOperation",
    "Result",
    "Success",
    "WriteOperation",
]
