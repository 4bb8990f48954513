"""The watchdog of a worker process."""

import subprocess
import sys

import pytest

from tests.workers.processes import ROOT


@pytest.mark.process
def test_a_process_whose_loop_is_wedged_shows_its_stacks_and_ends() -> None:
    code = """
        import time, django; django.setup()
        from tasks_app.workers import watchdog
        watchdog.WEDGED_SECONDS = 0.2
        def wedged(): time.sleep(600)
        watchdog.tick()
        wedged()
    """
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(line.strip() for line in code.splitlines())],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "crux_site.settings", "DJANGO_SECRET_KEY": "test"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "in wedged" in done.stderr
