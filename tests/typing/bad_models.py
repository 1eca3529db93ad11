"""What both type checkers must refuse of models."""

from __future__ import annotations

from dataclasses import dataclass

from ommi.decorator import ommi_model


@ommi_model(table="users")
@dataclass
class User:
    name: str


@ommi_model(tabel="users")  # expect-error
@dataclass
class Misspelled:
    name: str


User()  # expect-error
User(1)  # expect-error
User("a").nothing  # expect-error
ommi_model("users")  # expect-error
