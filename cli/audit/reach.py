"""The rule about routes that no request reaches: found by trying, with the edge's own code."""

from collections.abc import Iterator
from typing import Final

from cli.audit.rules import Audited, Noticed, rule
from cli.diff.generate import generate
from cli.dry_run.run import DryRun
from contract.problems import Problem

_REQUESTS: Final = 20_000


@rule("shadowed-route", "high", "make it more specific, or remove it")
def _(audited: Audited) -> Iterator[Noticed]:
    run = DryRun(audited.table, audited.now)
    generated = generate(audited.table, audited.table, _REQUESTS)
    reached: set[tuple[str | None, str]] = set()
    instead: dict[int, str] = {}
    for case in generated.cases:
        try:
            found = run.routes.resolve(case.call.request())
        except Problem:
            continue
        reached.add((found.version.name if found.version else None, found.target.name))
    if generated.cut_off:
        return  # what was not tried may well be reached
    for version in (None, *audited.table.versions.supported):
        for route in audited.versioned.of(version):
            if (version, route.settings.name) not in reached:
                among = f" of {version}" if version else ""
                instead.setdefault(route.position, among)
    for position, among in sorted(instead.items()):
        name = audited.table.routes[position].name
        message = f"other routes{among} take every request that was tried for `{name}`"
        yield Noticed(("routes", position), message)
