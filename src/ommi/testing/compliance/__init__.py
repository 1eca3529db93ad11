"""Everything that Ommi promises of a store, as tests to run against any driver.

A module of tests needs a fixture that makes databases, and this import:

    import pytest

    from ommi import Ommi
    from ommi.testing.compliance import *

    @pytest.fixture
    def make_database(tmp_path):
        return lambda: Ommi(f"sqlite:///{tmp_path / 'test.db'}")

`make_database()` gives a database that is not open. Called again within a test, it gives another
one on the same rows, if the store says `Capability.PERSISTENCE`. What a driver does not list among
its `capabilities` is skipped, with the reason. Single classes can be imported instead of `*`, with
the fixtures `anyio_backend`, `database` and `db`.

All tables of the suite are named `ommi_compliance_...`; each test drops those it made.
"""

from ommi.testing.compliance.adding import TestAdding, TestServerDefaults
from ommi.testing.compliance.attaching import TestAttaching
from ommi.testing.compliance.caching import TestCaching
from ommi.testing.compliance.deleting import TestDeleting
from ommi.testing.compliance.expiry import TestExpiry
from ommi.testing.compliance.finding import TestFinding, TestRefusedQuestions
from ommi.testing.compliance.fixtures import anyio_backend, database, db
from ommi.testing.compliance.instances import TestMethodsOfInstances, TestTheDatabaseOfAnInstance
from ommi.testing.compliance.joins import (
    TestJoins,
    TestJoinsOfDecoratedKinds,
    TestJoinsOfRegisteredKinds,
)
from ommi.testing.compliance.loading import TestEagerRelations, TestRefusedLoads
from ommi.testing.compliance.loading_pages import TestPagesWithRelations
from ommi.testing.compliance.model_kinds import TestDecoratedKinds, TestRegisteredKinds
from ommi.testing.compliance.ordering import TestOrdering, TestPaging
from ommi.testing.compliance.prepared import TestPreparedQuestions
from ommi.testing.compliance.references import TestReferences
from ommi.testing.compliance.relation_keys import TestKeysOfRelations, TestRelationsOutOfReach
from ommi.testing.compliance.relation_kinds import (
    TestRelationsOfDecoratedKinds,
    TestRelationsOfRegisteredKinds,
)
from ommi.testing.compliance.relations import TestLazyRelations
from ommi.testing.compliance.results import TestOpening, TestResults, TestStreaming
from ommi.testing.compliance.saving import TestReloading, TestSaving
from ommi.testing.compliance.schema import (
    TestMismatches,
    TestReferencesToNothing,
    TestUnique,
    TestUsingModels,
)
from ommi.testing.compliance.stored_types import TestTypes
from ommi.testing.compliance.transaction_tasks import (
    TestBatches,
    TestCommitMarkers,
    TestRunningAgain,
    TestStreamsInTransactions,
    TestTasksInTransactions,
)
from ommi.testing.compliance.transactions import (
    TestAfterCommit,
    TestFailuresInTransactions,
    TestNestedTransactions,
    TestSavepoints,
    TestTransactions,
)
from ommi.testing.compliance.updating import TestUpdating

__all__ = [
    "TestAdding",
    "TestAfterCommit",
    "TestAttaching",
    "TestBatches",
    "TestCaching",
    "TestCommitMarkers",
    "TestDecoratedKinds",
    "TestDeleting",
    "TestEagerRelations",
    "TestExpiry",
    "TestFailuresInTransactions",
    "TestFinding",
    "TestJoins",
    "TestJoinsOfDecoratedKinds",
    "TestJoinsOfRegisteredKinds",
    "TestKeysOfRelations",
    "TestLazyRelations",
    "TestMethodsOfInstances",
    "TestMismatches",
    "TestNestedTransactions",
    "TestOpening",
    "TestOrdering",
    "TestPagesWithRelations",
    "TestPaging",
    "TestPreparedQuestions",
    "TestReferences",
    "TestReferencesToNothing",
    "TestRefusedLoads",
    "TestRefusedQuestions",
    "TestRegisteredKinds",
    "TestRelationsOfDecoratedKinds",
    "TestRelationsOfRegisteredKinds",
    "TestRelationsOutOfReach",
    "TestReloading",
    "TestResults",
    "TestRunningAgain",
    "TestSavepoints",
    "TestSaving",
    "TestServerDefaults",
    "TestStreaming",
    "TestStreamsInTransactions",
    "TestTasksInTransactions",
    "TestTheDatabaseOfAnInstance",
    "TestTransactions",
    "TestTypes",
    "TestUnique",
    "TestUpdating",
    "TestUsingModels",
    "anyio_backend",
    "database",
    "db",
]
