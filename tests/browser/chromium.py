"""Where the browser of the browser tests comes from: found, or installed."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking")
# A bare Debian has no fonts, and not the library that Playwright's driver needs.
DEBIAN_PACKAGES = ("chromium", "fonts-liberation", "libatomic1")
PLAYWRIGHT = (sys.executable, "-m", "playwright")


def find() -> str | None:
    """The path of CRUX_CHROMIUM, or of a Chromium or Chrome of this machine."""
    given = os.environ.get("CRUX_CHROMIUM")
    return given or next((path for name in NAMES if (path := shutil.which(name))), None)


def problem() -> str:
    """Why no page can be tested, empty if one can. What is missing is installed first; that takes minutes."""
    if not (find() and _driver_runs()):
        _install()
    if not _driver_runs():
        return "Playwright's driver does not run (Debian, Ubuntu: apt install libatomic1)"
    if not find() and not _ran(*PLAYWRIGHT, "install", "chromium"):
        return "no Chromium was found, nor could one be installed (name one with CRUX_CHROMIUM)"
    return ""


def _install() -> None:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing {', '.join(DEBIAN_PACKAGES)}", flush=True)
        _ran("apt-get", "-qq", "update")
        options = ("-qq", "-o", "Dpkg::Use-Pty=0", "--no-install-recommends")
        _ran("apt-get", *options, "-y", "install", *DEBIAN_PACKAGES, quiet=True)


def _driver_runs() -> bool:
    return _ran(*PLAYWRIGHT, "--version", quiet=True)


def _ran(*command: str, quiet: bool = False) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    output = subprocess.DEVNULL if quiet else None
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    return done.returncode == 0
