"""What endpoints for operators get to work with, and the list of all endpoints."""

from collections.abc import Callable
from typing import NamedTuple

from admin.audit import AuditEndpoints
from admin.breakers import BreakerEndpoints
from admin.cache import CacheEndpoints
from admin.endpoint import Endpoint
from admin.health import HealthEndpoints
from admin.keys import KeyEndpoints
from admin.purge import PurgeEndpoints
from admin.tables import TablesEndpoints
from contract.names import Binding
from identities import Identities
from memory import Memory
from ports import AuditLog, ChangeFeed, Platform, TableArchive
from tables.live import Tables


class AdminSurroundings(NamedTuple):
    """An isolate, as operators' endpoints see it. What is None is not bound."""

    platform: Platform
    memory: Memory
    tables: Tables
    feed: ChangeFeed | None
    archive: TableArchive | None
    audit_log: AuditLog | None
    is_bound: Callable[[str], bool]
    """Knows the names of the gateway's service bindings."""


def endpoints(around: AdminSurroundings) -> tuple[Endpoint, ...]:
    """All of them, module by module."""
    return (
        *TablesEndpoints(around.tables, around.feed, around.archive, around.is_bound).endpoints(),
        *KeyEndpoints(
            around.platform.binding(Binding.AUTH), Identities(around.platform.signer)
        ).endpoints(),
        *BreakerEndpoints(around.platform).endpoints(),
        *HealthEndpoints(around.tables).endpoints(),
        *PurgeEndpoints(
            around.memory.purger, around.tables.max_age, tells=around.feed is not None
        ).endpoints(),
        *CacheEndpoints(around.platform.cache_counts, around.tables).endpoints(),
        *AuditEndpoints(around.audit_log).endpoints(),
    )
