"""A document as YAML, written out in full: readers of OpenAPI need not know anchors."""

from typing import Any

import yaml


class _Plain(yaml.SafeDumper):
    """Repeats what occurs more than once."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def yaml_text(document: dict[str, Any]) -> str:
    """The text, with members in their order."""
    return yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)
