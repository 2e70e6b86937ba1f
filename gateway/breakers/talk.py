"""How an isolate talks to a breaker's object: it tells behind the answer, for many calls at once,
and asks only for what may be a probe.

Whoever has something to tell waits a moment for what others have to say. An outcome is told once;
where no answer comes the isolate judges by it itself.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from breakers.view import TELL_EVERY, BreakerView, Pass
from contract.breaker import BreakerRequest, BreakerStatus, ForceRequest, status_of
from contract.breaker_directory import ListRequest
from contract.circuit_breaker import State
from contract.outcome_window import Outcome
from messages import Exchange
from ports import BreakerObjects, Unavailable

TIMEOUT: Final = 0.5
"""Seconds that an object has to answer."""

_GATHER: Final = 0.05
"""Seconds; so an isolate calls an object twenty times a second at most."""

_ROUNDS: Final = 3
"""Calls that one request may make behind its answer."""

_BUSY: Final = _ROUNDS * (_GATHER + 3 * TIMEOUT)
"""Seconds after which somebody who was telling has been cancelled."""


class Talk:
    """Between the views of an isolate and their objects."""

    def __init__(
        self,
        objects: BreakerObjects,
        clock: Callable[[], float],
        pause: Callable[[float], Awaitable[Any]],
        log: Callable[[dict[str, Any]], None],
    ) -> None:
        """`clock` gives Unix seconds; `pause` lets so many seconds go by."""
        self._objects = objects
        self.clock = clock
        self._pause = pause
        self._log = log

    def note(
        self,
        view: BreakerView,
        exchange: Exchange,
        given: Pass,
        outcome: Outcome | None,
        now: float,
    ) -> None:
        """Take note of what came of a call; tell of it where that is due."""
        if outcome is None and given.permit is None:
            return
        before = view.state
        view.note(given, outcome, now, exchange.chance)
        self._say_if_changed(view, before)
        self.tell_if_due(view, exchange)

    def tell_if_due(self, view: BreakerView, exchange: Exchange) -> None:
        """Behind the answer, where it is time and nobody else is at it."""
        now = exchange.now
        if (view.is_urgent or now >= view.tell_at) and now >= view.busy_until:
            view.busy_until = self.clock() + _BUSY
            exchange.defer(self._tell(view, exchange.chance))

    async def ask(self, view: BreakerView, exchange: Exchange) -> tuple[BreakerStatus, Pass]:
        """What the object says to a call that wants to go out; where it does not answer, the
        isolate's own breaker."""
        now, local = exchange.now, None
        try:
            request = BreakerRequest(name=view.name, settings=view.settings)
            status = await self._objects.acquire(request, timeout=TIMEOUT)
            view.learn(status, now)
            view.tell_at = now + TELL_EVERY
        except Unavailable as failure:
            exchange.log["breaker_object"] = str(failure)
            before, local = view.state, view.alone(now)
            permission = local.acquire(view.settings, now)
            status = status_of(local, view.settings, now, permission)
            view.follow_local(status, now)
            self._say_if_changed(view, before)
        return status, view.free_pass()._replace(permit=status.permit, local=local)

    async def _tell(self, view: BreakerView, chance: float) -> None:
        for _ in range(_ROUNDS):
            await self._pause(_GATHER)
            await self._tell_once(view, chance)
            if not view.is_urgent:
                break
        view.busy_until = 0.0

    async def _tell_once(self, view: BreakerView, chance: float) -> None:
        report = view.take(self.clock())
        try:
            status = await self._objects.report(report, timeout=TIMEOUT)
        except Unavailable as failure:
            before, was_alone = view.state, view.local is not None
            view.judge_alone(report, self.clock(), chance)
            if not was_alone:
                self._say(view, "the object does not answer", error=str(failure))
            self._say_if_changed(view, before)
            return
        view.learn(status, self.clock())
        if not status.listed:
            await self._enlist(view)

    async def _enlist(self, view: BreakerView) -> None:
        """Have the directory know of it, and hear what an operator wants of it."""
        name = view.name
        try:
            answer = await self._objects.enlist(ListRequest(name=name), timeout=TIMEOUT)
            wish = answer.wish
            if wish is not None:
                wanted = ForceRequest(name=name, mode=wish.mode, reason=wish.reason, by=wish.by)
                await self._objects.force(wanted, timeout=TIMEOUT)
        except Unavailable as failure:
            self._say(view, "not listed", error=str(failure))
            return
        view.was_listed()

    def _say_if_changed(self, view: BreakerView, before: State) -> None:
        """Log a transition that is the isolate's own."""
        events = view.local.events if view.local is not None else []
        if view.state is not before and events:
            said = {"from": before, "to": view.state, "reason": events[-1].reason}
            self._say(view, "the isolate judged alone", **said)

    def _say(self, view: BreakerView, what: str, **more: str) -> None:
        named = {"upstream": view.name.upstream, "region": view.name.region}
        self._log({"level": "warn", "event": "breaker", "what": what, **named, **more})
