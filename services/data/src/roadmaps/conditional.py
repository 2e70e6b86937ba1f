"""Conditional requests (RFC 9110, section 13) over entity tags made from revisions."""

import re
from typing import Final

_TAG: Final = re.compile(r'(W/)?"([^"]*)"')


def etag(revision: int) -> str:
    """The strong entity tag of this revision of a record."""
    return f'"{revision}"'


def if_match(field: str | None, revision: int) -> bool:
    """Whether If-Match lets a request on `revision` go on. Weak tags never match."""
    if field is None or field.strip() == "*":
        return True
    return any(not weak and tag == str(revision) for weak, tag in _TAG.findall(field))


def none_match(field: str | None, revision: int) -> bool:
    """Whether If-None-Match lets a read of `revision` go on; if not, the answer is a 304."""
    if field is None:
        return True
    if field.strip() == "*":
        return False
    return all(tag != str(revision) for _, tag in _TAG.findall(field))
