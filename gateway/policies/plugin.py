"""Plug-in: a step that settings cannot say, as a function in `gateway/plugins/`.

The function has the signature of a policy. Whether the file and the function exist is found out on
the host without running them (`cli.plugins`); here the module is imported when its first route is
built, so that a table without plug-ins loads none.
"""

from collections.abc import Awaitable, Callable
from importlib import import_module
from inspect import iscoroutinefunction

from messages import Exchange, Response
from pipeline import Next

PluginFunction = Callable[[Exchange, Next], Awaitable[Response]]


class Plugin:
    """Calls the function that `name` names, as in `pricing.add_tax`."""

    def __init__(self, name: str) -> None:
        """Raises `LookupError` where there is no such coroutine function."""
        self._name = name
        self._function = _load(name)

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        response = await self._function(exchange, next)
        if not isinstance(response, Response):
            # Anything else would fail far from here, and not say whose mistake it was.
            raise TypeError(f"the plug-in {self._name} returned {type(response).__name__}")
        return response


def _load(name: str) -> PluginFunction:
    module_name, _, function_name = name.partition(".")
    try:
        module = import_module(f"plugins.{module_name}")
    except ModuleNotFoundError as missing:
        if missing.name != f"plugins.{module_name}":
            raise  # the plug-in is there, and wants something that is not
        raise LookupError(f"there is no plug-in module {module_name!r}") from None
    function: PluginFunction | None = getattr(module, function_name, None)
    if not iscoroutinefunction(function):
        raise LookupError(f"there is no coroutine function {function_name!r} in {module_name!r}")
    return function
