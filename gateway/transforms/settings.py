"""The settings of transforms: what `routes.yaml` says under `transforms`."""

from msgspec import field

from settings import Settings
from transforms.operations import BodyOperation


class RequestTransform(Settings, frozen=True, kw_only=True):
    """What happens to a request on its way to the service."""

    json: tuple[BodyOperation, ...] = ()


class ResponseTransform(Settings, frozen=True, kw_only=True):
    """What happens to an answer on its way to the client."""

    json: tuple[BodyOperation, ...] = ()


class TransformSettings(Settings, frozen=True, kw_only=True):
    """How a request is brought to the form the service speaks, and its answer back."""

    request: RequestTransform = field(default_factory=RequestTransform)
    response: ResponseTransform = field(default_factory=ResponseTransform)
    """For answers with a status of 2xx."""
    errors: ResponseTransform = field(default_factory=ResponseTransform)
    """For answers of the service with a status of 4xx and 5xx."""
