"""Checks of `cors`: origins that a browser sends, and no credentials for everybody."""

from collections.abc import Iterator
from typing import Final

from routing.check.finding import Finding, Path
from routing.table import CorsSettings, Table

_USUAL: Final = {"http": "80", "https": "443"}
_MOST: Final = 65_535


def check_cors(table: Table) -> Iterator[Finding]:
    """What is wrong with the CORS policies."""
    for name, cors in table.cors.items():
        at: Path = ("cors", name)
        yield from _check_origins(cors, at)
        for member in ("allowed_headers", "exposed_headers"):
            for position, field in enumerate(getattr(cors, member)):
                if "*" in field:
                    yield Finding(
                        (*at, member, position),
                        "expected the name of a field, found a `*`, which browsers take for a name "
                        "where credentials are, and never for Authorization",
                    )


def _check_origins(cors: CorsSettings, at: Path) -> Iterator[Finding]:
    for position, origin in enumerate(cors.origins):
        place: Path = (*at, "origins", position)
        if origin == "*":
            if cors.credentials:
                yield Finding(place, "any origin with `credentials` would open it to every page")
            elif len(cors.origins) > 1:
                yield Finding(place, "`*` is any origin: nothing else can stand beside it")
            continue
        scheme, _, rest = origin.partition("://")
        host, _, port = rest.partition(":")
        if port == _USUAL[scheme]:
            yield Finding(
                place, f"browsers leave the usual port out: expected `{origin.rpartition(':')[0]}`"
            )
        elif port and int(port) > _MOST:
            yield Finding(place, f"expected a port of at most {_MOST}, found {port}")
        if host.startswith("*.") and host.count(".") < 2:
            yield Finding(place, f"expected a domain behind `*.`, found all of `{host[2:]}`")
