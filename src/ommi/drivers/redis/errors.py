"""The server's errors as Ommi's: one table, by the word that they begin with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)

from ommi.drivers.redis.introspection import STORE
from ommi.errors import (
    ConflictError,
    ConnectionFailed,
    ConnectionLost,
    DatabaseError,
    OmmiError,
)

_WORDS: Mapping[type[Exception], str] = {
    AuthenticationError: "WRONGPASS",
    AuthorizationError: "NOPERM",
    BusyLoadingError: "LOADING",
    NoPermissionError: "NOPERM",
    OutOfMemoryError: "OOM",
    ReadOnlyError: "READONLY",
}
"""What redis-py takes from the front of a message and makes a class of."""

_MEANINGS: Mapping[str, tuple[Callable[..., OmmiError], str]] = {
    "LOADING": (ConnectionFailed, "the server is still reading its data; try again"),
    "MASTERDOWN": (ConnectionFailed, "the replica has lost its master"),
    "CLUSTERDOWN": (ConnectionFailed, "the cluster is down"),
    "MOVED": (
        ConnectionFailed,
        "this server is part of a cluster, which Ommi does not use; give the URL of a single one",
    ),
    "WRONGPASS": (ConnectionFailed, "the server does not take this user and password"),
    "NOAUTH": (ConnectionFailed, "the server wants a password"),
    "READONLY": (DatabaseError, "the server is a replica and takes no writes"),
    "OOM": (DatabaseError, "the server has used up its maxmemory, and takes no more writes"),
    "MISCONF": (DatabaseError, "the server cannot save its data, and takes no writes"),
    "NOREPLICAS": (DatabaseError, "the server has too few replicas, and takes no writes"),
    "NOPERM": (DatabaseError, "the user may not run a command or use a key that Ommi needs"),
    "BUSY": (ConflictError, "a script has been running for too long; try again"),
    "WRONGTYPE": (
        DatabaseError,
        "a key below Ommi's prefix holds something else; give the URL another ?prefix=",
    ),
}
_FULL = "increment or decrement would overflow"


def translated(error: Exception) -> OmmiError:
    """Give Ommi's error for one of redis-py's; the caller raises it from the original."""
    if not isinstance(error, ResponseError) and type(error) not in _WORDS:
        return ConnectionLost("the connection broke", store=STORE)
    word = word_of(error)
    if word in _MEANINGS:
        make, reason = _MEANINGS[word]
        return make(reason, store=STORE)
    if _FULL in str(error):
        return DatabaseError("there is no free key left", store=STORE)
    return DatabaseError(f"the server refused: {word or type(error).__name__}", store=STORE)


def word_of(error: Exception) -> str:
    """Give the word that an error of the server begins with."""
    for kind, word in _WORDS.items():
        if isinstance(error, kind):
            return word
    found = re.match(r"-?([A-Z]+)\b", str(error))
    return found[1] if found else ""


def failed_to_connect(error: Exception, place: str) -> ConnectionFailed:
    """Say that no connection could be had; where is shown, and no password."""
    reason = _CONNECTING.get(word_of(error))
    if reason is None and "Invalid Database" in str(error):
        reason = "the server has no database of this number"
    if reason is None and "DB index" in str(error):
        reason = "the server has no database of this number"
    if reason is None and "without any password configured" in str(error):
        reason = "the server has no password, and the URL has one"
    if reason is None:
        reason = f"no Redis server answers there ({type(error.__cause__ or error).__name__})"
    return ConnectionFailed(f"cannot connect to {place}: {reason}", store=STORE)


_CONNECTING = {
    word: reason for word, (make, reason) in _MEANINGS.items() if make is ConnectionFailed
}
