"""Each kind of change that a model can go through, and the operations that it asks for."""

from __future__ import annotations

from dataclasses import dataclass

MORE = """\
from dataclasses import field

from ommi import FieldId
"""
ID = "id: Annotated[int | None, Key | Auto] = None"


@dataclass
class Case:
    """Models before and after, with `T` for the name of the first; what `new` is told."""

    what: str
    before: str
    after: str
    operations: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    number: int = 0

    def models(self, *, is_changed: bool) -> str:
        """Write the models; they have no name in common with those of other cases."""
        text = self.after if is_changed else self.before
        return self._named(model("T", text) if text and "class " not in text else text)

    @property
    def told(self) -> tuple[str, ...]:
        """What the command is told besides."""
        return tuple(map(self._named, self.arguments))

    @property
    def expected(self) -> list[str]:
        """What the operations are, in words."""
        return list(map(self._named, self.operations))

    def _named(self, text: str) -> str:
        for letter in "TPQ":
            text = text.replace(f"{letter}~", f"{letter}{self.number}")
        return text


def model(name: str, *fields: str, said: str = "") -> str:
    """Write a model with an id."""
    lines = "\n    ".join([*fields, ID])
    return f"@ommi_model{said}\n@dataclass\nclass {name}~:\n    {lines}\n\n"


def enum(*members: str) -> str:
    """Write an enumeration."""
    lines = "\n    ".join(f'{member} = "{member.lower()}"' for member in members)
    return f"class Q~(Enum):\n    {lines}\n\n"


NAME = "name: str"
PAIR = model("T", "a: int", "b: int")
CASCADING = model("T", 'p_id: Annotated[int, ReferenceTo("P~.id", on_delete="cascade")] = 1')
PARENT = model("P", "code: Annotated[int, Unique] = 0")
REFERRING = model("T", 'p_id: Annotated[int, ReferenceTo("P~.id")] = 1')
CASES = [
    Case("add a field that may be None", NAME, f"{NAME}\n    nick: str | None = None",
         ("add column T~.nick",)),
    Case("add a field with a default", NAME, f"{NAME}\n    age: int = 0",
         ("add column T~.age",)),
    Case("add a field without a default", NAME, f"{NAME}\n    age: int",
         ("add column T~.age",), ("--fill", "T~.age=7")),
    Case("add a field that the store fills", NAME,
         f'{NAME}\n    n: Annotated[int, Default(sql="7")] = None', ("add column T~.n",)),
    Case("add a list", NAME, f"{NAME}\n    tags: list[str] = field(default_factory=list)",
         ("add column T~.tags",)),
    Case("add an enumeration", enum("A", "B") + model("T", NAME),
         enum("A", "B") + model("T", NAME, "mood: Q~ = Q~.A"), ("add column T~.mood",)),
    Case("add a decimal", NAME,
         f'{NAME}\n    price: Annotated[Decimal, Digits(8, 2)] = Decimal("1.50")',
         ("add column T~.price",)),
    Case("add an instant", NAME, f"{NAME}\n    at: Annotated[datetime | None, Aware] = None",
         ("add column T~.at",)),
    Case("add a UUID", NAME, f"{NAME}\n    ref: UUID | None = None", ("add column T~.ref",)),
    Case("add a date without a default", NAME, f"{NAME}\n    day: date",
         ("add column T~.day",), ("--fill", "T~.day=2026-01-31")),
    Case("add an indexed field", NAME, f"{NAME}\n    age: Annotated[int, Index] = 0",
         ("add column T~.age", "add index T~_age_index on T~")),
    Case("add a unique field", NAME, f"{NAME}\n    mail: Annotated[str | None, Unique] = None",
         ("add column T~.mail", "add index T~_mail_unique on T~")),
    Case("drop a field", f"{NAME}\n    age: int = 0", NAME, ("drop column T~.age",)),
    Case("drop an indexed field", f"{NAME}\n    age: Annotated[int, Index] = 0", NAME,
         ("drop index T~_age_index on T~", "drop column T~.age")),
    Case("rename a field", NAME, "title: str", ("rename column T~.name to title",),
         ("--rename", "T~.name=title")),
    Case("rename a field that has an id", NAME, 'title: Annotated[str, FieldId("name")]',
         ("rename column T~.name to title",)),
    Case("rename an indexed field", "name: Annotated[str, Index]", "title: Annotated[str, Index]",
         ("rename column T~.name to title",), ("--rename", "T~.name=T~.title")),
    Case("rename a field and add another", NAME, "title: str\n    age: int = 0",
         ("rename column T~.name to title", "add column T~.age"), ("--rename", "T~.name=title")),
    Case("rename a field and change its type", "n: Annotated[str, Length(9)]",
         "m: Annotated[str, Length(20)]",
         ("rename column T~.n to m", "alter column T~.m"), ("--rename", "T~.n=m")),
    Case("drop a field and add another", NAME, "age: int = 0",
         ("add column T~.age", "drop column T~.name"), ("--drop", "T~.name")),
    Case("name the column of a field", NAME, 'name: Annotated[str, StoreAs("full_name")]',
         ("rename column T~.name to full_name",), ("--rename", "T~.name=full_name")),
    Case("let a field be None", NAME, "name: str | None = None", ("alter column T~.name",)),
    Case("forbid None", "name: str | None = None", 'name: str = "?"', ("alter column T~.name",)),
    Case("make an int a str", "n: int", "n: str", ("alter column T~.n",)),
    Case("make an int a float", "n: int", "n: float", ("alter column T~.n",)),
    Case("make an int a Decimal", "n: int", "n: Decimal", ("alter column T~.n",)),
    Case("make a str longer", "n: Annotated[str, Length(9)]", "n: Annotated[str, Length(20)]",
         ("alter column T~.n",)),
    Case("let a str have any length", "n: Annotated[str, Length(9)]", "n: str",
         ("alter column T~.n",)),
    Case("bound a str", "n: str", "n: Annotated[str, Length(20)]", ("alter column T~.n",)),
    Case("give a Decimal more digits", "n: Annotated[Decimal, Digits(8, 2)]",
         "n: Annotated[Decimal, Digits(12, 4)]", ("alter column T~.n",)),
    Case("have the store fill a field", "n: int", 'n: Annotated[int, Default(sql="1")] = None',
         ("alter column T~.n",)),
    Case("have it no longer filled", 'n: Annotated[int, Default(sql="1")] = None', "n: int",
         ("alter column T~.n",)),
    Case("have it filled otherwise", 'n: Annotated[int, Default(sql="1")] = None',
         'n: Annotated[int, Default(sql="2")] = None', ("alter column T~.n",)),
    Case("index a field", "n: int", "n: Annotated[int, Index]", ("add index T~_n_index on T~",)),
    Case("index it no longer", "n: Annotated[int, Index]", "n: int",
         ("drop index T~_n_index on T~",)),
    Case("make an indexed field unique", "n: Annotated[int, Index]", "n: Annotated[int, Unique]",
         ("drop index T~_n_index on T~", "add index T~_n_unique on T~")),
    Case("make fields unique together", model("T", "a: int", "b: int"),
         model("T", "a: int", "b: int", said='(UniqueTogether("a", "b"))'),
         ("add index T~_a_b_unique on T~",)),
    Case("make them so no longer",
         model("T", "a: int", "b: int", said='(UniqueTogether("a", "b"))'), PAIR,
         ("drop index T~_a_b_unique on T~",)),
    Case("index fields together", model("T", "a: int", "b: int"),
         model("T", "a: int", "b: int", said='(IndexTogether("b", "a"))'),
         ("add index T~_b_a_index on T~",)),
    Case("add a member to an enumeration", enum("A") + model("T", "mood: Q~"),
         enum("A", "B") + model("T", "mood: Q~"), ("alter column T~.mood",)),
    Case("take a member from an enumeration", enum("A", "B") + model("T", "mood: Q~"),
         enum("A") + model("T", "mood: Q~"), ("alter column T~.mood",)),
    Case("change a literal", 'n: Literal["a", "b"]', 'n: Literal["a", "c"]',
         ("alter column T~.n",)),
    Case("add a model", "", NAME, ("create table T~",)),
    Case("add models that refer to each other", "",
         model("T", 'p_id: Annotated[int | None, ReferenceTo("P~.id")] = None')
         + model("P", 't_id: Annotated[int | None, ReferenceTo("T~.id")] = None'),
         ("create table T~", "create table P~", "add constraint T~_p_id_fkey on T~")),
    Case("drop a model", NAME, "", ("drop table T~",), ("--drop", "T~")),
    Case("rename a model", model("T", NAME, "age: int = 0"), model("P", NAME, "age: int = 0"),
         ("rename table T~ to P~",), ("--rename", "T~=P~")),
    Case("rename a model and a field", model("T", NAME, "age: int = 0"),
         model("P", "title: str", "age: int = 0"),
         ("rename table T~ to P~", "rename column P~.name to title"),
         ("--rename", "T~=P~", "--rename", "T~.name=title")),
    Case("name the table of a model", model("T", NAME), model("T", NAME, said='(table="T~s")'),
         ("rename table T~ to T~s",), ("--rename", "T~=T~s")),
    Case("refer to another model", PARENT + model("T", "p_id: int = 1"), PARENT + REFERRING,
         ("add constraint T~_p_id_fkey on T~",)),
    Case("refer to it no longer", PARENT + REFERRING, PARENT + model("T", "p_id: int = 1"),
         ("drop constraint T~_p_id_fkey on T~",)),
    Case("change what deleting does", PARENT + REFERRING,
         PARENT + CASCADING,
         ("drop constraint T~_p_id_fkey on T~", "add constraint T~_p_id_fkey on T~")),
    Case("add a reference", PARENT + model("T", NAME),
         PARENT + model("T", NAME, 'p_id: Annotated[int | None, ReferenceTo("P~.id")] = None'),
         ("add column T~.p_id", "add constraint T~_p_id_fkey on T~")),
    Case("drop a model and the reference to it",
         PARENT + model("T", NAME, 'p_id: Annotated[int, ReferenceTo("P~.id")] = 1'),
         model("T", NAME),
         ("drop constraint T~_p_id_fkey on T~", "drop column T~.p_id", "drop table P~"),
         ("--drop", "P~")),
]  # fmt: skip
for number, case in enumerate(CASES, 1):
    case.number = number
