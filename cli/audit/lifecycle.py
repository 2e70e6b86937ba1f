"""Rules about versions and the changes between them."""

from collections.abc import Iterator
from typing import Final

from cli.audit.rules import Audited, Noticed, rule

_NEAR: Final = 90 * 86400.0
"""Seconds before a sunset from which on it is near."""


@rule("served-after-sunset", "high", "remove the version, move its sunset, or say `gone`")
def _(audited: Audited) -> Iterator[Noticed]:
    for name, version in audited.table.versions.supported.items():
        if version.sunset is None or version.after_sunset != "serve":
            continue
        if version.sunset.timestamp() <= audited.now:
            message = f"{name} had its sunset on {version.sunset.date()} and is served still"
            yield Noticed(("versions", "supported", name, "sunset"), message)


@rule("no-end-after-sunset", "low", "say `after_sunset: gone` or `redirect`")
def _(audited: Audited) -> Iterator[Noticed]:
    for name, version in audited.table.versions.supported.items():
        if version.sunset is None or version.after_sunset != "serve":
            continue
        if version.sunset.timestamp() > audited.now:
            message = f"{name} goes on after its sunset as if nothing had been announced"
            yield Noticed(("versions", "supported", name, "sunset"), message)


@rule("sunset-near", "medium", "see in the logs who still calls it, and tell them")
def _(audited: Audited) -> Iterator[Noticed]:
    for name, version in audited.table.versions.supported.items():
        if version.sunset is None:
            continue
        left = version.sunset.timestamp() - audited.now
        if 0 < left <= _NEAR:
            message = f"{name} has its sunset in {int(left // 86400)} days, on "
            message += f"{version.sunset.date()}"
            yield Noticed(("versions", "supported", name, "sunset"), message)


@rule(
    "deprecated-without-way-on", "low", "say when it ends, what to use instead, and where to read"
)
def _(audited: Audited) -> Iterator[Noticed]:
    for name, version in audited.table.versions.supported.items():
        if version.deprecated is None:
            continue
        missing = [
            member
            for member in ("sunset", "successor", "documentation")
            if getattr(version, member) is None
        ]
        if missing:
            listed = " and ".join(f"`{member}`" for member in missing)
            message = f"{name} is deprecated without {listed}"
            yield Noticed(("versions", "supported", name), message)


@rule("change-without-description", "low", "say in a sentence what clients have to know")
def _(audited: Audited) -> Iterator[Noticed]:
    for position, change in enumerate(audited.table.changes):
        if not change.description.strip():
            yield Noticed(("changes", position), f"the change `{change.name}` is not described")


@rule("change-not-lossless", "info", "say `lossless: true`, if it is; `gateway check` tries it")
def _(audited: Audited) -> Iterator[Noticed]:
    for position, change in enumerate(audited.table.changes):
        if change.transforms and not change.lossless:
            message = f"the change `{change.name}` does not claim to lose nothing"
            yield Noticed(("changes", position), message)
