"""The settings of transforms: what `routes.yaml` says under `transforms`."""

from typing import Annotated

from msgspec import Meta, field

from settings import Settings
from transforms.fields import HeaderOperation, QueryOperation
from transforms.operations import BodyOperation

PathText = Annotated[
    str,
    Meta(
        pattern=r"^/",
        max_length=1024,
        description="A path at the service with placeholders, such as /things/${path.id}.",
    ),
]
StatusText = Annotated[
    str, Meta(pattern=r"^[2-5][0-9]{2}$", description="A status code in quotes such as '201'.")
]
Status = Annotated[int, Meta(ge=200, le=599)]


class RequestTransform(Settings, frozen=True, kw_only=True):
    """What happens to a request on its way to the service."""

    path: PathText | None = None
    """The path at the service, in place of the route's."""
    query: tuple[QueryOperation, ...] = ()
    headers: tuple[HeaderOperation, ...] = ()
    json: tuple[BodyOperation, ...] = ()


class ResponseTransform(Settings, frozen=True, kw_only=True):
    """What happens to an answer on its way to the client."""

    status: dict[StatusText, Status] = field(default_factory=dict)
    """Status codes, as the service says them to as the client sees them."""
    headers: tuple[HeaderOperation, ...] = ()
    json: tuple[BodyOperation, ...] = ()


class TransformSettings(Settings, frozen=True, kw_only=True):
    """How a request is brought to the form the service speaks, and its answer back."""

    request: RequestTransform = field(default_factory=RequestTransform)
    response: ResponseTransform = field(default_factory=ResponseTransform)
    """For answers with a status of 2xx."""
    errors: ResponseTransform = field(default_factory=ResponseTransform)
    """For answers of the service with a status of 4xx and 5xx."""
