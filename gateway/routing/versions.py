"""API versions: which one a request asks for, and what each of them has to say of its age."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date
from email.utils import format_datetime
from typing import Final, NamedTuple
from urllib.parse import unquote_plus

from contract.problems import MALFORMED_REQUEST, UNSUPPORTED_VERSION, VERSION_CONFLICT, Problem
from messages import Headers, Request
from routing.table import VersionSettings, VersionsSettings

_IN_PATH: Final = re.compile(r"/(v[0-9]{1,4})(?=/|$)")
_NAME: Final = re.compile(r"v?([0-9]{1,4})")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_QUALITY: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_MAX_MEDIA_RANGES: Final = 32


def in_version(path: str) -> bool:
    """Whether `path` begins with the name of a version, be there one or not."""
    return _IN_PATH.match(path) is not None


class Version:
    """A version, and the header fields that each of its answers carries."""

    __slots__ = (
        "after_sunset",
        "fields",
        "links",
        "name",
        "preview",
        "released",
        "successor",
        "sunset",
    )

    def __init__(self, name: str, settings: VersionSettings) -> None:
        self.name = name
        self.released = settings.released
        self.preview = settings.preview
        self.successor = settings.successor
        self.sunset = settings.sunset.timestamp() if settings.sunset else None
        """Unix seconds."""
        self.after_sunset = settings.after_sunset
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


class Named(NamedTuple):
    """A version that some part of the request names, and which part that is."""

    version: Version
    where: str


class Versions:
    """All versions of the API, and the rules by which a request selects one."""

    def __init__(self, settings: VersionsSettings) -> None:
        select = settings.select
        self.by_name: Mapping[str, Version] = {
            name: Version(name, version) for name, version in settings.supported.items()
        }
        self.default = self.by_name[settings.default]
        self.path = select.path
        self.header = select.header.lower() if select.header else None
        self.media_type = select.media_type
        self.query = select.query
        self.vary: tuple[str, ...] = tuple(
            name for name in (self.header, "accept" if self.media_type else None) if name
        )
        """Header fields that answers depend on where the path does not name the version."""
        self._by_release = sorted(
            (
                (version.released, version)
                for version in self.by_name.values()
                if version.released is not None and version.preview is None
            ),
            key=lambda entry: entry[0],
            reverse=True,
        )

    def in_path(self, path: str) -> tuple[Version | None, str]:
        """The version that `path` begins with, and the path behind it.

        `(None, path)` where it begins with none. Raises `Problem` (unsupported-version) where it
        begins with one that does not exist.
        """
        found = _IN_PATH.match(path) if self.path else None
        if found is None:
            return None, path
        version = self.by_name.get(found[1])
        if version is None:
            raise self._unsupported(found[1], "The path")
        return version, path[found.end() :] or "/"

    def select(self, in_path: Version | None, request: Request) -> Version | None:
        """The version that `request` names, wherever it does; None where it names none.

        Raises `Problem`: unsupported-version, version-conflict where two parts of it disagree.
        """
        chosen = Named(in_path, "the path") if in_path is not None else None
        for named in self._elsewhere(request):
            if chosen is None:
                chosen = named
            elif named.version is not chosen.version:
                raise Problem(
                    VERSION_CONFLICT,
                    f"{_capital(chosen.where)} says {chosen.version.name} "
                    f"and {named.where} says {named.version.name}.",
                )
        return chosen.version if chosen else None

    def without_selector(self, query: str) -> str:
        """`query` without the parameter that names the version; all else byte for byte."""
        if self.query is None or not query:
            return query
        return "&".join(part for part in query.split("&") if _name(part) != self.query)

    def _elsewhere(self, request: Request) -> Iterator[Named]:
        if self.header is not None:
            value = request.headers.get(self.header)
            if value is not None:
                yield self._named(value.strip(), f"the {_spelled(self.header)} field")
        if self.media_type is not None:
            value = accepted_version(request.headers, self.media_type)
            if value is not None:
                yield self._named(value, "the Accept field")
        if self.query is not None and request.query:
            for value in values_of(request.query, self.query):
                yield self._named(value, f"the parameter {self.query!r}")

    def _named(self, value: str, where: str) -> Named:
        name = _NAME.fullmatch(value)
        version = self.by_name.get(f"v{name[1]}") if name else self._released_by(value)
        if version is None:
            raise self._unsupported(value, _capital(where))
        return Named(version, where)

    def _released_by(self, value: str) -> Version | None:
        """The newest version that was out on the date `value`; None where it is none."""
        if not _DATE.fullmatch(value):
            return None
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return None
        return next((version for out, version in self._by_release if out <= day), None)

    def _unsupported(self, name: str, where: str) -> Problem:
        supported = list(self.by_name)
        listed = ", ".join(
            f"{version.name} ({version.released})" if version.released else version.name
            for version in self.by_name.values()
        )
        return Problem(
            UNSUPPORTED_VERSION,
            f"{where} asks for {name[:20]!r}; supported: {listed}.",
            supported=supported,
        )


def accepted_version(headers: Headers, media_type: str) -> str | None:
    """The parameter `version` of `media_type` in Accept (RFC 9110, section 12.5.1).

    Of several media ranges with it the one with the highest quality counts, of equals the first;
    quality 0 is a refusal. Raises `Problem` (malformed-request) for too many media ranges.
    """
    fields = headers.get_all("accept")
    if not fields:
        return None
    best, chosen = 0.0, None
    ranges = ",".join(fields).split(",")
    if len(ranges) > _MAX_MEDIA_RANGES:
        raise Problem(
            MALFORMED_REQUEST, f"The Accept field has more than {_MAX_MEDIA_RANGES} media ranges."
        )
    for media_range in ranges:
        kind, *parameters = media_range.split(";")
        if kind.strip().lower() != media_type:
            continue
        pairs = [part.partition("=") for part in parameters]
        values = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
        quality = values.get("q", "1")
        weight = float(quality) if _QUALITY.fullmatch(quality) else 0.0
        if "version" in values and weight > best:
            best, chosen = weight, values["version"]
    return chosen


def values_of(query: str, name: str) -> list[str]:
    """The decoded values of the parameter `name` in a raw query."""
    return [unquote_plus(part.partition("=")[2]) for part in parts_of(query, name)]


def parts_of(query: str, name: str) -> list[str]:
    """The parts of a raw query that have the parameter `name`, as they stand there."""
    return [part for part in query.split("&") if _name(part) == name]


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0])


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _spelled(field: str) -> str:
    """`api-version` → `API-Version`; others with capitals at the hyphens."""
    return "API-Version" if field == "api-version" else field.title()
