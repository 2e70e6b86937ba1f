"""Which routes take a person's session as credential, and which ones another page could misuse."""

from collections.abc import Mapping

from contract.names import Binding
from routing.ends import services_of
from routing.table import AccessSettings, RouteSettings, ServiceSettings


def takes_session(route: RouteSettings) -> bool:
    """Whether the cookie of a session is a credential on `route`."""
    return isinstance(route.access, AccessSettings) and route.access.session


def needs_csrf(route: RouteSettings) -> bool:
    """Whether a request to `route` can do something by a session alone: change something, or open a
    WebSocket, whose messages a page of any origin could read and write."""
    return takes_session(route) and (route.websocket or route.methods != ("GET",))


def passes_session(route: RouteSettings, services: Mapping[str, ServiceSettings]) -> bool:
    """Whether requests to `route` keep the cookie: only the Worker that gave it sees it again."""
    names = services_of(route)
    return bool(names) and all(services[name].binding == Binding.AUTH for name in names)
