"""Documents, as the rest of Ommi sees them: their text, their codecs, and what is inside them."""

from __future__ import annotations

from typing import Any, Union, get_args, get_origin

from ommi.metadata.choices import single_codec
from ommi.metadata.hints import alternatives
from ommi.metadata.json_codec import json_codec
from ommi.metadata.json_text import canonical_json, parse_json
from ommi.metadata.members import member_annotation
from ommi.metadata.storage import Codec, Kind, StorageType
from ommi.metadata.typesystem import repeated_item, without_none

__all__ = [
    "canonical_json",
    "element_codec",
    "json_codec",
    "member_annotation",
    "member_codec",
    "parse_json",
]

# Times, UUIDs and durations have an order inside a document too; a `Decimal` and `bytes` are text
# there that sorts otherwise than the value.
_KIND_INSIDE = {
    Kind.BOOL: Kind.BOOL,
    Kind.INT: Kind.INT,
    Kind.FLOAT: Kind.FLOAT,
    Kind.TEXT: Kind.TEXT,
    Kind.DECIMAL: Kind.TEXT,
    Kind.BYTES: Kind.TEXT,
    Kind.DATETIME: Kind.TEXT,
    Kind.INSTANT: Kind.TEXT,
    Kind.DATE: Kind.TEXT,
    Kind.TIME: Kind.TEXT,
    Kind.UUID: Kind.TEXT,
    Kind.DURATION: Kind.INT,
}


def member_codec(annotation: object) -> Codec:
    """Make the codec of what stands at a path: its stored form is that inside the document.

    The storage type is that of the stored form, so a `date` is text. A `Length` does not count:
    a longer text may be asked for, and none is found.
    """
    core, markers = without_none(annotation)
    codec = json_codec(core, () if core in (str, bytes) else markers)
    single = single_codec(core, markers)
    kind = Kind.JSON if single is None else _KIND_INSIDE.get(single.storage.kind, Kind.JSON)
    return Codec(StorageType(kind), codec.dump, codec.load)


def element_codec(annotation: object) -> Codec | None:
    """Make the codec of the elements of a list, a set or a tuple; `None` for anything else."""
    for alternative in alternatives(annotation):
        core, _ = without_none(alternative)
        if core is Any:
            return json_codec(Any)
        if (get_origin(core) or core) in (list, set, frozenset):
            return json_codec((*get_args(core), Any)[0])
        if (get_origin(core) or core) is tuple:
            return _codec_of_items(core)
    return None


def _codec_of_items(annotation: object) -> Codec:
    repeated = repeated_item(annotation)
    if repeated is not None:
        return json_codec(repeated)
    items = get_args(annotation)
    try:
        return json_codec(Union[items] if items else Any)  # noqa: UP007 - a tuple made at run time
    except TypeError:
        # Items that look alike in a document may be asked for in the form that they have there.
        return json_codec(Any)
