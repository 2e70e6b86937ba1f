"""`/-/breakers`: the circuit breakers of all regions, as their objects see them; forcing them."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from admin.endpoint import Asked, Endpoint, answer
from contract.breaker import (
    BreakerDetails,
    BreakerName,
    ForceRequest,
    Reason,
    Region,
    Upstream,
)
from contract.breaker_directory import WishRequest
from contract.circuit_breaker import Mode
from contract.operators import BREAKERS
from contract.problems import INVALID_CONTENT, Problem
from messages import Response
from ports import BreakerObjects, Platform, Unavailable

_TIMEOUT: Final = 5.0
_MAX_BODY: Final = 4096
_MAX_SHOWN: Final = 200
"""Objects that one request asks."""
_AT_ONCE: Final = 20
_MAX_SUBJECT: Final = 100


class Force(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /-/breakers."""

    upstream: Upstream
    region: Region | None = None
    """Without one it holds in all regions, those included that have no breaker yet."""
    mode: Mode
    reason: Reason


_decode_force = msgspec.json.Decoder(Force)


class BreakerEndpoints:
    """Shows breakers and forces them."""

    def __init__(self, platform: Platform) -> None:
        self._objects: BreakerObjects = platform.breakers
        self._together = platform.together

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Both have one path: an upstream may have a slash, and so stands in the body."""
        return (
            Endpoint("breakers.list", "GET", "breakers", BREAKERS, self._list),
            Endpoint(
                *("breakers.force", "POST", "breakers", BREAKERS, self._force),
                max_body=_MAX_BODY,
                noted=("upstream", "region", "mode", "reason"),
            ),
        )

    async def _list(self, asked: Asked) -> Response:
        """All of them, or those of `upstream`; `left_off` says how many were too many."""
        listing = await self._objects.listing(timeout=_TIMEOUT)
        upstream = asked.query.get("upstream")
        names = [name for name in listing.names if upstream in (None, name.upstream)]
        shown = await self._all([self._show(name) for name in names[:_MAX_SHOWN]])
        left_off = max(0, len(names) - _MAX_SHOWN)
        return answer({"breakers": shown, "wanted": listing.wishes, "left_off": left_off})

    async def _force(self, asked: Asked) -> Response:
        """Note it for the regions to come, then tell the objects that are there."""
        force: Force = asked.decode(_decode_force)
        known = (await self._objects.listing(timeout=_TIMEOUT)).names
        names = [
            name
            for name in known
            if name.upstream == force.upstream and force.region in (None, name.region)
        ]
        if not names:
            where = f" in {force.region}" if force.region is not None else ""
            message = f"No breaker of {force.upstream!r}{where} was used in the last seven days."
            raise Problem(INVALID_CONTENT, message)
        by = asked.subject[:_MAX_SUBJECT]
        if force.region is None:
            wish = WishRequest(upstream=force.upstream, mode=force.mode, reason=force.reason, by=by)
            await self._objects.want(wish, timeout=_TIMEOUT)
        shown = await self._all([self._told(name, force, by) for name in names[:_MAX_SHOWN]])
        missed = [one["region"] for one in shown if "error" in one]
        asked.result["regions"] = str(len(shown) - len(missed))
        if missed:
            asked.result["missed"] = ", ".join(missed)[:100]
        return answer({"breakers": shown, "left_off": max(0, len(names) - _MAX_SHOWN)})

    async def _show(self, name: BreakerName) -> dict[str, Any]:
        try:
            return _shown(name, await self._objects.show(name, timeout=_TIMEOUT))
        except Unavailable as failure:
            return _unknown(name, failure)

    async def _told(self, name: BreakerName, force: Force, by: str) -> dict[str, Any]:
        request = ForceRequest(name=name, mode=force.mode, reason=force.reason, by=by)
        try:
            return _shown(name, await self._objects.force(request, timeout=_TIMEOUT))
        except Unavailable as failure:
            return _unknown(name, failure)

    async def _all(self, works: Sequence[Any]) -> list[dict[str, Any]]:
        """The results of all, not too many of which are under way at once."""
        results: list[dict[str, Any]] = []
        for start in range(0, len(works), _AT_ONCE):
            results += await self._together(works[start : start + _AT_ONCE])
        return results


def _shown(name: BreakerName, details: BreakerDetails) -> dict[str, Any]:
    seen = details.seen
    return {
        "upstream": name.upstream,
        "region": name.region,
        "state": details.state,
        "version": details.version,
        "since": details.since,
        "retry_after": round(details.retry_after, 1),
        "openings": details.openings,
        "seen": {"calls": seen.calls, "failures": seen.failures, "slow": seen.slow},
        "events": [
            {"at": event.at, "from": event.before, "to": event.after, "reason": event.reason}
            for event in details.events
        ],
    }


def _unknown(name: BreakerName, failure: Unavailable) -> dict[str, Any]:
    return {
        "upstream": name.upstream,
        "region": name.region,
        "state": "unknown",
        "error": str(failure),
    }
