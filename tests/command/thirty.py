"""A schema of thirty tables with something of everything."""

from __future__ import annotations

from ommi.metadata.storage import Kind, StorageType
from ommi.schema.snapshot import Column, ForeignKey, Index, Table

SINGLE = [
    StorageType(Kind.BOOL),
    StorageType(Kind.INT),
    StorageType(Kind.FLOAT),
    StorageType(Kind.TEXT),
    StorageType(Kind.TEXT, length=40),
    StorageType(Kind.TEXT, length=5000),
    StorageType(Kind.BYTES),
    StorageType(Kind.BYTES, length=32),
    StorageType(Kind.DECIMAL, precision=28, scale=10),
    StorageType(Kind.DECIMAL, precision=8, scale=2),
    StorageType(Kind.DATETIME),
    StorageType(Kind.INSTANT),
    StorageType(Kind.DATE),
    StorageType(Kind.TIME),
    StorageType(Kind.DURATION),
    StorageType(Kind.UUID),
    StorageType(Kind.JSON),
]
INT, NAME = StorageType(Kind.INT), StorageType(Kind.TEXT, length=60)
ODD = [
    "class",
    "date",
    "dt",
    "int",
    "str",
    "two words",
    "9th",
    "_hidden",
    "model_x",
    "json",
    "Key",
]


def column(name: str, storage: StorageType = INT, *, nullable: bool = False) -> Column:
    return Column(name, storage, is_nullable=nullable)


ID = Column("id", INT, is_generated=True)


def tables() -> list[Table]:
    """Give the tables, each after those it refers to."""
    made = [
        Table(
            f"kind_{number}",
            (ID, column("plain", storage), column("perhaps", storage, nullable=True)),
            ("id",),
        )
        for number, storage in enumerate(SINGLE)
    ]
    made += [
        Table("every_kind", (ID, *(column(f"c{n}", s) for n, s in enumerate(SINGLE))), ("id",)),
        Table("odd names", (ID, *(column(name, NAME, nullable=True) for name in ODD)), ("id",)),
        Table("User", (column("name", NAME), column("age")), ("name",)),
        Table("uuid_keyed", (column("id", StorageType(Kind.UUID)), column("n")), ("id",)),
        Table("pair", (column("left"), column("right"), column("note", NAME)), ("left", "right")),
        Table(
            "indexed",
            (ID, column("a"), column("b", NAME), column("c", nullable=True), column("d")),
            ("id",),
            (
                Index("indexed_a_unique", ("a",), is_unique=True),
                Index("somehow", ("c",)),
                Index("indexed_a_b_unique", ("a", "b"), is_unique=True),
                Index("indexed_b_c_d_index", ("b", "c", "d")),
                Index("again_d", ("d",)),
            ),
        ),
        Table(
            "cascading",
            (ID, column("user_id", NAME)),
            ("id",),
            (),
            (ForeignKey(("user_id",), "User", ("name",), "cascade"),),
        ),
        Table(
            "forgetting",
            (ID, column("kind_id", nullable=True), column("kind")),
            ("id",),
            (),
            (ForeignKey(("kind_id",), "kind_0", ("id",), "set_null"),),
        ),
        Table(
            "composite",
            (ID, column("l"), column("r")),
            ("id",),
            (Index("composite_l_r_index", ("l", "r")),),
            (ForeignKey(("l", "r"), "pair", ("left", "right")),),
        ),
        Table(
            "tree",
            (ID, column("parent_id", nullable=True)),
            ("id",),
            (),
            (ForeignKey(("parent_id",), "tree", ("id",), "cascade"),),
        ),
        Table(
            "twice",
            (ID, column("writer_id"), column("reader_id")),
            ("id",),
            (Index("twice_writer_id_unique", ("writer_id",), is_unique=True),),
            (
                ForeignKey(("writer_id",), "kind_1", ("id",)),
                ForeignKey(("reader_id",), "kind_1", ("id",)),
            ),
        ),
        Table(
            "link",
            (column("a_id"), column("b_id")),
            ("a_id", "b_id"),
            (),
            (
                ForeignKey(("a_id",), "kind_2", ("id",), "cascade"),
                ForeignKey(("b_id",), "kind_3", ("id",), "cascade"),
            ),
        ),
        Table(
            "by_unique",
            (ID, column("code")),
            ("id",),
            (),
            (ForeignKey(("code",), "indexed", ("a",)),),
        ),
    ]
    return made
