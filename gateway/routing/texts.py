"""Texts with a form that several parts of the table share: names, paths at a service, hosts."""

from typing import Annotated

from msgspec import Meta

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,62}$", description="A lower-case name.")]
UpstreamPath = Annotated[
    str,
    Meta(
        pattern=r"^/$|^(/([A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]{0,31}\}))+$",
        max_length=1024,
        description="A path at the service, of literal segments and {parameters} of the route.",
    ),
]
HostName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$",
        max_length=253,
        description="A host name in lower case such as api.example.com.",
    ),
]
FieldName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$",
        description="The name of a header field such as X-Tenant.",
    ),
]
