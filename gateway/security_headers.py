"""Security headers: what every answer tells browsers to be careful about, made of the table once.

They go out with answers and problems alike. What a service says of the same is replaced; what it
says of its own software never leaves (`messages.OF_SERVERS`).
"""

from routing.table import SecurityHeadersSettings
from routing.units import seconds

Fields = list[tuple[str, str]]


class SecurityHeaders:
    """The fields for each scheme. HSTS means nothing over http, and is not sent there
    (RFC 6797, section 7.2)."""

    def __init__(self, settings: SecurityHeadersSettings) -> None:
        named = {
            "content-security-policy": settings.content_security_policy,
            "x-content-type-options": settings.content_type_options,
            "referrer-policy": settings.referrer_policy,
            "x-frame-options": settings.frame_options,
            "permissions-policy": settings.permissions_policy,
        }
        self._plain: Fields = [(name, value) for name, value in named.items() if value is not None]
        self._secure = [*self._plain]
        if settings.hsts is not None:
            parts = [f"max-age={int(seconds(settings.hsts.max_age))}"]
            parts += ["includeSubDomains"] if settings.hsts.include_sub_domains else []
            parts += ["preload"] if settings.hsts.preload else []
            self._secure.append(("strict-transport-security", "; ".join(parts)))

    def fields(self, scheme: str) -> Fields:
        """The fields of an answer over `scheme`."""
        return self._secure if scheme == "https" else self._plain
