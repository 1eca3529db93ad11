"""Stores that are opened once for all the questions of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from properties.stores import Stores, opened


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with opened(tmp_path_factory.mktemp("stores")) as found:
        yield found
