"""`make audit`: known weaknesses of locked packages, where an advisory source can be reached.

A source that is not there, or that knows none of the packages (as a mirror that carries files but
no advisories), counts as "not audited", never as "nothing found".
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from runtime.toolchain import ROOT, node, npm

_TIMEOUT = 60
"""Seconds for each tool: an advisory source that is not there must not hold anybody up."""


class NotAudited(Exception):
    """No advisory source answered; the text says what happened instead."""


def main() -> int:
    """Audit all lock files and return 1 if one holds a package with a known weakness."""
    audits: dict[str, Callable[[], list[str]]] = {
        "requirements/dev.txt": lambda: _pip("requirements/dev.txt"),
        "requirements/worker.txt": lambda: _pip("requirements/worker.txt"),
        "package-lock.json": _npm,
    }
    worst = 0
    for lock, audit in audits.items():
        try:
            findings = audit()
        except NotAudited as error:
            print(f"{lock}: not audited, {error}", flush=True)
            continue
        print(f"{lock}: {len(findings)} known weaknesses", *findings, sep="\n  ", flush=True)
        worst = max(worst, int(bool(findings)))
    return worst


def _pip(lock: str) -> list[str]:
    """pip-audit, by PyPI's own advisories or else by those of OSV."""
    reasons = []
    for source in ("pypi", "osv"):
        command = [sys.executable, "-m", "pip_audit", "--requirement", lock, "--require-hashes"]
        command += ["--disable-pip", "--vulnerability-service", source, "--timeout", "15"]
        try:
            report = _report([*command, "--format", "json", "--progress-spinner", "off"])
        except NotAudited as error:
            reasons.append(f"{source}: {error}")
            continue
        packages = report["dependencies"]
        if all("skip_reason" in package for package in packages):
            reasons.append(f"{source}: it knows none of the {len(packages)} packages")
            continue
        return [
            f"{package['name']} {package['version']}: {weakness['id']}"
            for package in packages
            for weakness in package.get("vulns", ())
        ]
    raise NotAudited("; ".join(reasons))


def _npm() -> list[str]:
    report = _report([*npm(), "audit", "--json"])
    if "vulnerabilities" not in report:
        raise NotAudited(f"npm: {report.get('message', 'the registry has no advisories')}")
    return [f"{name}: {found['severity']}" for name, found in report["vulnerabilities"].items()]


def _report(command: list[str]) -> Any:
    """The JSON that an auditor prints, whatever its exit code."""
    path = f"{node().parent}{os.pathsep}{os.environ['PATH']}"
    try:
        run = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        return json.loads(run.stdout)
    except subprocess.TimeoutExpired:
        raise NotAudited(f"no answer in {_TIMEOUT} s") from None
    except ValueError:
        lines = run.stderr.strip().splitlines() or ["no answer"]
        raise NotAudited(lines[-1][:200]) from None


if __name__ == "__main__":
    sys.exit(main())
