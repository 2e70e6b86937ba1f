"""Writes the lock files anew: `make lock`, after a change to requirements/*.in or package.json."""

import json
import os
import subprocess
import sys

from runtime.toolchain import BUILT, ROOT, node, npm

# Not among the locked packages, because only this needs it.
_UV = "uv==0.13.9"
_PYTHON_LOCKS = {
    # Extras stay in: an older pip takes the newest of `name[extra]`, whatever `name` is pinned to.
    "dev": ("--universal", "--python-version=3.11", "--no-strip-extras"),
    "worker": ("--python-version=3.14", "--no-deps"),
}
_PLATFORMS = {"darwin": "darwin", "linux": "linux", "windows": "win32"}
_CPUS = {"64": "x64", "arm64": "arm64"}


def main() -> int:
    """Write requirements/*.txt and package-lock.json; none of them names a registry."""
    folder = BUILT / "uv"
    _run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--target",
            str(folder),
            "--upgrade",
            _UV,
        ]
    )
    for name, options in _PYTHON_LOCKS.items():
        command = [str(folder / "bin" / "uv"), "pip", "compile", "--quiet", "--generate-hashes"]
        command += ["--no-emit-index-url", "--custom-compile-command=make lock", *options]
        _run([*command, f"requirements/{name}.in", f"--output-file=requirements/{name}.txt"])
    path = f"{node().parent}{os.pathsep}{os.environ['PATH']}"
    _run([*npm(), "install", "--package-lock-only", "--loglevel=error"], PATH=path)
    _name_every_platform()
    return 0


def _name_every_platform() -> None:
    """Add workerd's builds for platforms whose package the registry did not have.

    npm leaves them out of the lock, and `npm ci` then refuses the lock as incomplete. Raises
    `CalledProcessError` where there is no hash to be had: without one they would be taken unseen.
    """
    file = ROOT / "package-lock.json"
    lock = json.loads(file.read_text(encoding="utf-8"))
    packages = lock["packages"]
    workerd = packages["node_modules/workerd"]
    for name, version in workerd["optionalDependencies"].items():
        system, cpu = name.removeprefix("@cloudflare/workerd-").split("-")
        if f"node_modules/{name}" not in packages:
            packages[f"node_modules/{name}"] = {
                "version": version,
                "integrity": _integrity(f"{name}@{version}"),
                "cpu": [_CPUS[cpu]],
                "license": workerd["license"],
                "optional": True,
                "os": [_PLATFORMS[system]],
            }
    lock["packages"] = dict(sorted(packages.items()))
    file.write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")


def _integrity(package: str) -> str:
    """The SHA-512 of one version of a package, as lock files write it."""
    path = f"{node().parent}{os.pathsep}{os.environ['PATH']}"
    command = [*npm(), "view", package, "dist.integrity", "--loglevel=error"]
    run = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = run.stdout.strip()
    if not found.startswith("sha512-"):
        raise subprocess.CalledProcessError(1, command, found)
    return found


def _run(command: list[str], **environment: str) -> None:
    subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=True)


if __name__ == "__main__":
    sys.exit(main())
