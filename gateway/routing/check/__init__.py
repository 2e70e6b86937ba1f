"""Whether the parts of a table fit together: names that exist, paths that do not collide.

Types and ranges are checked when the table is decoded (`routing.table`); this is the rest. Each
finding says where it is, so that the host can point at the line.
"""

from itertools import chain, islice
from typing import Final

from routing.changes import VersionedRoutes
from routing.check.access import check_roles
from routing.check.changes import check_changes, is_circular
from routing.check.collisions import check_collisions
from routing.check.cors import check_cors
from routing.check.credentials import check_credentials
from routing.check.ends import check_ends
from routing.check.finding import Finding, Path
from routing.check.idempotency import check_idempotency
from routing.check.limits import check_limits
from routing.check.routes import check_routes
from routing.check.schemas import check_schemas
from routing.check.services import (
    check_bindings,
    check_faults,
    check_local,
    check_services,
)
from routing.check.transforms import check_applied, check_transforms
from routing.check.versions import check_versions
from routing.table import Table

__all__ = [
    "MAX_FINDINGS",
    "Finding",
    "Path",
    "check_bindings",
    "check_faults",
    "check_local",
    "check_table",
]

MAX_FINDINGS: Final = 100
"""Nobody reads more, and looking for the name that was meant takes its time."""


def check_table(table: Table) -> list[Finding]:
    """The mistakes in `table`, `MAX_FINDINGS` at most, part by part."""
    mistakes = chain(
        check_versions(table),
        check_services(table),
        check_credentials(table),
        check_schemas(table),
        check_roles(table),
        check_cors(table),
        check_limits(table),
        check_transforms(table),
        check_changes(table),
    )
    found = list(islice(mistakes, MAX_FINDINGS))
    of_routes = chain(check_routes(table), check_ends(table), check_idempotency(table))
    unsound = list(islice(of_routes, MAX_FINDINGS - len(found)))
    # Where routes cannot be taken for what they say, beside others they say even less; and what
    # changes make of them is only known where changes lead somewhere.
    if not unsound and not is_circular(table):
        versioned = VersionedRoutes(table)
        found += islice(check_collisions(table, versioned), MAX_FINDINGS - len(found))
        if not found:
            found += islice(check_applied(table, versioned), MAX_FINDINGS)
    return found + unsound
