"""For people who test a driver, or a database behind one; needs pytest and anyio.

`ommi.testing.compliance` asks everything that Ommi promises of a store.
"""

import pytest

# A module of tests that is imported, not collected, is rewritten only if it is named.
pytest.register_assert_rewrite("ommi.testing.compliance")
