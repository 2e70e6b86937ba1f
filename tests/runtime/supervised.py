"""Runs the two test Workers under the supervisor, in a process of its own: `supervised.py FOLDER`.

FOLDER holds `answer.py`, which takes the place of the front Worker's module, and gets the state. An
`answer.py` with the word "typo" in it is what a table that does not validate is for the gateway,
and one with "gone" a service whose folder was removed.
"""

import signal
import sys
from pathlib import Path
from typing import NoReturn

from runtime.host import Event, HostError
from runtime.plan import Plan, Worker
from runtime.supervisor import Rejected, Supervisor
from runtime.watch import Watch

WORKERS = Path(__file__).parent / "workers"


def main() -> None:
    """Run until SIGTERM."""
    folder = Path(sys.argv[1])
    answer = folder / "answer.py"

    def plan() -> Plan:
        if "typo" in answer.read_text(encoding="utf-8"):
            raise Rejected("answer.py:1:1: there is a typo")
        if "gone" in answer.read_text(encoding="utf-8"):
            return Plan(workers=(Worker(config=folder / "gone" / "wrangler.toml"),))
        front = Worker(config=WORKERS / "front/wrangler.toml", modules={"answer.py": answer})
        back = Worker(config=WORKERS / "back/wrangler.toml")
        return Plan(workers=(front, back), state=folder / "state")

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    def ready(event: Event) -> None:
        print(f"ready {event.urls['front']} {event.pid}", flush=True)

    signal.signal(signal.SIGTERM, interrupt)
    try:
        Supervisor(plan, Watch([answer], []), lambda line: print(line, flush=True), ready).run(
            plan()
        )
    except KeyboardInterrupt:
        print("stopped", flush=True)
    except HostError as error:
        print(f"not started: {error}", flush=True)


if __name__ == "__main__":
    main()
