"""The ends of routes: what answers the requests that come through a pipeline, and what stands
before each service so that a failing one takes no other with it.

What belongs to a service (its address, breaker, places, retry budget) is there once for all routes
that lead to it. The policies of a route are `routing.compile`.
"""

from collections.abc import Sequence
from typing import Final

from breakers.settings import compiled as compiled_breaker
from breakers.talk import Talk
from contract.breaker import BreakerName
from ends.backends import Backend, Backends, Sticky
from ends.compile_aggregate import compile_aggregate
from ends.credentials import CredentialedService, Credentials
from ends.edits import header_edit
from ends.mirror import InFlight, Mirror
from ends.redirect import Redirect
from ends.respond import Respond
from identities import Identities
from memory import Memory
from messages import Exchange, Response
from pipeline import Next, Policy, compose
from policies.bulkhead import Bulkhead
from policies.circuit_breaker import CircuitBreakerPolicy
from policies.dispatch import Dispatch
from ports import Platform, Service
from resilience.budget import RetryBudget
from resilience.faults import ENVIRONMENTS, FaultyService
from resilience.permits import Permits
from resilience.surroundings import Surroundings
from routing.changes import VersionedRoutes
from routing.ends import Destination, destinations
from routing.locations import Locations
from routing.paths import PathTemplate
from routing.table import RouteSettings, ServiceSettings, Table
from routing.units import seconds, size_in_bytes

_GRACE: Final = 5.0


class Ends:
    """Makes the ends of the routes of a table."""

    def __init__(
        self, table: Table, platform: Platform, versioned: VersionedRoutes, memory: Memory
    ) -> None:
        self._table = table
        self._platform = platform
        self.surroundings = Surroundings(platform.time, platform.pause, platform.chance)
        # At once, so that a table that cannot work is found when it loads.
        self.credentials = {
            name: Credentials(name, service.credentials, platform.secret, platform.time)
            for name, service in table.services.items()
            if service.credentials is not None
        }
        """Of the services that have any, by name."""
        self._services = {name: self._service(name, one) for name, one in table.services.items()}
        self._views = memory.breaker_views
        self._talk = Talk(platform.breakers, platform.time, platform.pause, platform.log)
        self._breakers: dict[str, CircuitBreakerPolicy] = {}
        self._retry_budgets: dict[str, RetryBudget] = {}
        self._permits: dict[str, Permits] = {}
        self._locations = Locations(versioned)
        self._in_flight = InFlight()
        self._identities = Identities(platform.signer)

    def end(self, settings: RouteSettings) -> Next:
        """What answers the requests that come through the pipeline."""
        if settings.redirect is not None:
            return Redirect(settings.redirect)
        if settings.respond is not None:
            return Respond(settings.respond)
        if settings.aggregate is not None:
            return compile_aggregate(
                settings.aggregate,
                self._table.services,
                self._services,
                lambda service, timeout: self._guards(service, settings.name, timeout),
                together=self._platform.together,
                identities=self._identities,
            )
        if settings.backends:
            last: Next = self._backends(settings)
        else:
            last = self._dispatch(settings, next(destinations(settings)))
        return last if settings.mirror is None else self._mirror(settings).over(last)

    def guarded(self, settings: RouteSettings, to: Destination) -> Next:
        """The dispatch to a service that is not the route's only one, behind what guards it."""
        timeout = self.timeout(settings, to.service)
        guards = self._guards(to.service, settings.name, timeout)
        return compose(guards, self._dispatch(settings, to))

    def _guards(self, service: str, route: str, timeout: float) -> list[Policy]:
        """What stands before `service`, which may take so many seconds."""
        guards = (self.breaker(service, route), self.bulkhead(service, timeout))
        return [guard for guard in guards if guard is not None]

    def breaker(self, service: str, route: str) -> CircuitBreakerPolicy | None:
        """The breaker of `service` for `route`: the same one for all, or one of its own."""
        of_service = self._table.services[service]
        settings = of_service.circuit_breaker
        if settings is None:
            return None
        upstream = service if settings.scope == "service" else f"{service}/{route}"
        policy = self._breakers.get(upstream)
        if policy is None:
            platform = self._platform
            name = BreakerName(upstream, platform.region(settings.region))
            view = self._views.view(name, compiled_breaker(settings, of_service.timeout))
            policy = self._breakers[upstream] = CircuitBreakerPolicy(
                service, settings, view, self._talk
            )
        return policy

    def bulkhead(self, service: str, timeout: float) -> Bulkhead | None:
        settings = self._table.services[service].bulkhead
        if settings is None:
            return None
        permits = self._permits.get(service)
        if permits is None:
            permits = Permits(settings.max_in_flight, settings.queue)
            self._permits[service] = permits
        wait = seconds(settings.wait)
        return Bulkhead(service, permits, self.surroundings, wait=wait, timeout=timeout)

    def retry_budget(self, services: Sequence[str]) -> RetryBudget:
        """That of a service; or the one that several have together, as small as the smallest."""
        name = " ".join(sorted(set(services)))
        budget = self._retry_budgets.get(name)
        if budget is None:
            known = [self._table.services[service].retry_budget for service in services]
            percent = min(one.percent for one in known)
            budget = RetryBudget(percent, min(one.min_per_second for one in known))
            self._retry_budgets[name] = budget
        return budget

    def timeout(self, settings: RouteSettings, service: str) -> float:
        """Seconds until the header fields of an answer."""
        timeouts = settings.timeouts
        of_route = timeouts.headers if timeouts is not None else None
        allowed = seconds(of_route or self._table.services[service].timeout)
        per_try = settings.retries.per_try_timeout if settings.retries is not None else None
        return allowed if per_try is None else min(allowed, seconds(per_try))

    def longest(self, settings: RouteSettings) -> float:
        """Seconds after which a request to a service is over, and some for all around it."""
        timeouts, retries = settings.timeouts, settings.retries
        if timeouts is not None and timeouts.total is not None:
            return seconds(timeouts.total) + _GRACE
        each = max(
            self.timeout(settings, to.service) + self._queueing(to.service)
            for to in destinations(settings)
        )
        if retries is None:
            return each + _GRACE
        return (each + seconds(retries.backoff.max)) * (1 + retries.attempts) + _GRACE

    def _queueing(self, service: str) -> float:
        """Seconds that a request may wait for a place at `service`."""
        bulkhead = self._table.services[service].bulkhead
        return 0.0 if bulkhead is None else seconds(bulkhead.wait)

    def _dispatch(self, settings: RouteSettings, to: Destination) -> Next:
        timeouts = settings.timeouts
        total = timeouts.total if timeouts is not None else None
        dispatch = Dispatch(
            to.service,
            self._reached(to.service, settings),
            PathTemplate(to.upstream_path) if to.upstream_path is not None else None,
            timeout=self.timeout(settings, to.service),
            public_location=self._locations.public,
            audience=self._table.services[to.service].audience,
            identities=self._identities,
            total=seconds(total) if total is not None else None,
            clock=self._platform.time if total is not None else None,
            host=settings.upstream_host,
            tells_deadline=timeouts is not None or settings.retries is not None,
            has_own_path=to.has_own_path,
        )
        idle = timeouts.idle if timeouts is not None else None
        return dispatch if idle is None else self._never_idle(dispatch, seconds(idle))

    def _never_idle(self, dispatch: Next, idle: float) -> Next:
        """`dispatch`, whose answers break off after `idle` seconds without anything new."""

        async def watched(exchange: Exchange) -> Response:
            response = await dispatch(exchange)
            self._platform.end_idle(response, exchange, idle)
            return response

        return watched

    def _reached(self, name: str, settings: RouteSettings) -> Service:
        """The service `name`, with the faults of the route, where there may be any."""
        service, faults = self._services[name], settings.faults
        if faults is None or self._platform.environment not in ENVIRONMENTS:
            return service
        around = self.surroundings
        return FaultyService(service, faults, around.pause, around.chance)

    def _backends(self, settings: RouteSettings) -> Backends:
        backends = []
        counted: dict[str, int] = {}
        for one, to in zip(settings.backends, destinations(settings), strict=True):
            number = counted[one.service] = counted.get(one.service, 0) + 1
            name = one.service if number == 1 else f"{one.service}#{number}"
            handle = self.guarded(settings, to)
            backends.append(Backend(name, one.weight, handle, header_edit(one)))
        sticky = settings.sticky
        known_by = None
        if sticky is not None:
            name = sticky.name or ""
            known_by = Sticky(
                sticky.by,
                name.lower() if sticky.by == "header" else name,
                int(seconds(sticky.max_age)),
            )
        return Backends(settings.name, backends, known_by)

    def _mirror(self, settings: RouteSettings) -> Mirror:
        mirror = settings.mirror
        if mirror is None:
            raise ValueError("there is no mirror")
        own = [self.timeout(settings, to.service) for to in destinations(settings)]
        return Mirror(
            mirror.service,
            self._services[mirror.service],
            share=mirror.percent / 100,
            max_body=size_in_bytes(mirror.max_body),
            timeout=seconds(mirror.timeout),
            patience=max(own),
            in_flight=self._in_flight,
            audience=self._table.services[mirror.service].audience,
            identities=self._identities,
        )

    def _service(self, name: str, settings: ServiceSettings) -> Service:
        service = self._address(settings)
        credentials = self.credentials.get(name)
        return service if credentials is None else CredentialedService(service, credentials)

    def _address(self, settings: ServiceSettings) -> Service:
        if settings.binding is not None:
            return self._platform.binding(settings.binding)
        if settings.url is not None:
            return self._platform.url(settings.url)
        raise ValueError("a service without binding and url: the table was not checked")
