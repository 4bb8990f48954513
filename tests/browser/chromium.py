"""Where the browser of the browser tests comes from."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking")


def find() -> str | None:
    """The path of CRUX_CHROMIUM, or of a Chromium or Chrome of this machine."""
    given = os.environ.get("CRUX_CHROMIUM")
    return given or next((path for name in NAMES if (path := shutil.which(name))), None)


def install() -> bool:
    """Install one, by apt where that is allowed, else by Playwright; whether it worked. Takes minutes."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        packages = ["--no-install-recommends", "chromium", "fonts-liberation"]
        subprocess.run([*apt, "update"], env=quiet, stdin=subprocess.DEVNULL, check=False)
        done = subprocess.run(
            [*apt, "install", "-y", *packages], env=quiet, stdin=subprocess.DEVNULL, check=False
        )
        if done.returncode == 0 and find():
            return True
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    return subprocess.run(playwright, stdin=subprocess.DEVNULL, check=False).returncode == 0
