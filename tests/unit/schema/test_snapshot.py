"""What tables models want."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest

from ommi import (
    Index,
    IndexTogether,
    ModelCollection,
    ModelError,
    ReferenceTo,
    UniqueTogether,
    ommi_model,
)
from ommi.metadata.model import metadata_of
from ommi.schema.snapshot import (
    check_index_names,
    check_targets,
    in_dependency_order,
    table_of,
)

LONG = "a_column_with_a_name_that_is_rather_long_and_goes_on_and_on"


def test_a_long_index_name_is_cut_and_stays_different() -> None:
    @ommi_model(
        IndexTogether("id", LONG), UniqueTogether("id", LONG), collection=ModelCollection()
    )
    class Wide:
        id: int
        a_column_with_a_name_that_is_rather_long_and_goes_on_and_on: str

    names = [index.name for index in table_of(metadata_of(Wide)).indexes]

    assert all(len(name.encode()) <= 63 for name in names)
    assert len(set(names)) == 2


def test_two_indexes_with_one_name_are_refused() -> None:
    @ommi_model(collection=ModelCollection(), table="a_b")
    class One:
        id: int
        c: Annotated[int, Index]

    @ommi_model(IndexTogether("b", "c"), collection=ModelCollection(), table="a")
    class Other:
        id: int
        b: int
        c: int

    with pytest.raises(ModelError, match=r"a: its index 'a_b_c_index' has the name of one of a_b"):
        check_index_names([table_of(metadata_of(One)), table_of(metadata_of(Other))])


def test_tables_come_after_those_they_refer_to() -> None:
    collection = ModelCollection()

    @ommi_model(collection=collection)
    @dataclass
    class Leaf:
        trunk: Annotated[int, ReferenceTo("Trunk.id")]
        id: int = 0

    @ommi_model(collection=collection)
    @dataclass
    class Trunk:
        id: int = 0

    tables = [table_of(metadata_of(Leaf)), table_of(metadata_of(Trunk))]

    assert [table.name for table in in_dependency_order(tables)] == ["Trunk", "Leaf"]
    with pytest.raises(ModelError, match="neither in the store nor among the models"):
        check_targets(tables[:1], ())


def test_a_reference_to_a_field_that_may_repeat_is_refused() -> None:
    collection = ModelCollection()

    @ommi_model(collection=collection)
    class Author:
        id: int
        name: str

    @ommi_model(collection=collection)
    class Book:
        id: int
        author: Annotated[str, ReferenceTo("Author.name")]

    with pytest.raises(ModelError, match=r"Book.author: refers to Author \(name\), which may be"):
        table_of(metadata_of(Book))
    assert table_of(metadata_of(Author)).key == ("id",)
