"""From an annotation to its codec."""

from __future__ import annotations

from types import NoneType

from ommi.metadata.annotations import Marker
from ommi.metadata.choices import single_codec
from ommi.metadata.json_codec import json_codec
from ommi.metadata.storage import Codec
from ommi.metadata.typesystem import without_none


def codec_for(annotation: object, markers: tuple[Marker, ...] = ()) -> Codec:
    """Make the codec for the values of a resolved annotation, `None` aside.

    `markers` are those of the field; they win over those inside the annotation. What is neither
    a single value nor a structure that JSON can hold raises `TypeError` with the reason.
    """
    core, inside = without_none(annotation)
    if core is None or core is NoneType:
        raise TypeError("None has no value to store")
    return single_codec(core, (*inside, *markers)) or json_codec(core)
