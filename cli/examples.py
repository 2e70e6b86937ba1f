"""The first requests of a newcomer, as they can be pasted into a shell."""


def examples(url: str) -> list[str]:
    """Commands that work against the gateway at `url` as `make dev` starts it."""
    return [f"curl -i {url}/healthz"]
