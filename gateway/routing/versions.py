"""API versions: which one a request asks for, and what the answers of an ageing one have to say."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import format_datetime

from contract.names import API_VERSION
from contract.problems import UNSUPPORTED_VERSION, VERSION_CONFLICT, Problem
from routing.table import VersionSettings, VersionsSettings

_IN_PATH = re.compile(r"/(v[0-9]{1,4})(?=/|$)")


def in_version(path: str) -> bool:
    """Whether `path` begins with the name of a version, be there one or not."""
    return _IN_PATH.match(path) is not None


class Version:
    """A version and the header fields that each of its answers carries."""

    __slots__ = ("fields", "links", "name", "successor")

    def __init__(self, name: str, settings: VersionSettings) -> None:
        self.name = name
        self.successor = settings.successor
        self.fields = _lifecycle_fields(settings)
        self.links = _documentation_links(settings)


def _lifecycle_fields(settings: VersionSettings) -> list[tuple[str, str]]:
    fields = []
    if settings.deprecated is not None:
        # RFC 9745, section 2.1: a structured-field date.
        fields.append(("deprecation", f"@{int(settings.deprecated.timestamp())}"))
    if settings.sunset is not None:
        # RFC 8594, section 3: an HTTP-date.
        fields.append(("sunset", format_datetime(settings.sunset.astimezone(UTC), usegmt=True)))
    return fields


def _documentation_links(settings: VersionSettings) -> list[str]:
    if settings.documentation is None:
        return []
    dated = {"deprecation": settings.deprecated, "sunset": settings.sunset}
    return [
        f'<{settings.documentation}>; rel="{relation}"; type="text/html"'
        for relation, date in dated.items()
        if date is not None
    ]


class Versions:
    """All versions of the API, and the rule by which a request selects one."""

    def __init__(self, settings: VersionsSettings) -> None:
        self.by_name: Mapping[str, Version] = {
            name: Version(name, version) for name, version in settings.supported.items()
        }
        self.default = self.by_name[settings.default]

    def in_path(self, path: str) -> tuple[Version | None, str]:
        """The version that `path` begins with, and the path behind it.

        `(None, path)` where it begins with none. Raises `Problem` (unsupported-version) where it
        begins with one that does not exist.
        """
        found = _IN_PATH.match(path)
        if found is None:
            return None, path
        return self._known(found[1], "The path"), path[found.end() :] or "/"

    def in_header(self, value: str | None) -> Version | None:
        """The version that the API-Version field names. Raises `Problem` (unsupported-version)."""
        if value is None:
            return None
        name = value.strip()
        return self._known(name if name.startswith("v") else f"v{name}", "The API-Version field")

    def agree(self, path: Version, header: Version | None) -> None:
        """Raises `Problem` (version-conflict) where path and header name different versions."""
        if header is not None and header is not path:
            raise Problem(
                VERSION_CONFLICT,
                f"The path says {path.name} and the {API_VERSION} field says {header.name}.",
            )

    def _known(self, name: str, where: str) -> Version:
        version = self.by_name.get(name)
        if version is None:
            supported = list(self.by_name)
            raise Problem(
                UNSUPPORTED_VERSION,
                f"{where} asks for {name[:20]!r}; supported: {', '.join(supported)}.",
                supported=supported,
            )
        return version
