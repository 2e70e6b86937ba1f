"""WebSocket: lets upgrades through, and tells everybody else what the address is for."""

from contract.problems import WEBSOCKET_EXPECTED, Problem
from messages import Exchange, Response
from pipeline import Next


class WebSocketOnly:
    """Refuses requests that ask for no upgrade."""

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        if not exchange.upgrade:
            # RFC 9110, section 15.5.22: it has to say which protocol.
            raise Problem(WEBSOCKET_EXPECTED, headers={"upgrade": "websocket"})
        return await next(exchange)
