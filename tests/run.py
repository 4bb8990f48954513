"""The whole suite, as `make test` runs it: SQLite, PostgreSQL, a browser, each in a pytest run of its own.

CRUX_TEST_POSTGRES_URL  the server of the second run; default postgres://postgres@127.0.0.1:5432/postgres
CRUX_CHROMIUM           the browser of the third; default one that is found or installed
CRUX_TEST_NO_SKIPS      1: what is missing, and any test that skips, is a failure

Every run happens, whatever became of the one before; the exit code is 1 if any failed.
"""

import os
import subprocess
import sys
import tempfile

import psycopg

from tests.browser import chromium

POSTGRES_URL = os.environ.get("CRUX_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
NO_SKIPS = os.environ.get("CRUX_TEST_NO_SKIPS") == "1"
IN_PARALLEL = ("-n", "auto", "--dist", "worksteal")


def main() -> int:
    outcomes = {}
    with tempfile.TemporaryDirectory(prefix="crux-tests-") as home:
        env = _clean_environment(home)
        outcomes["everything on SQLite"] = _pytest(env, *IN_PARALLEL, "-m", "not browser")
        if problem := _postgres_problem():
            outcomes["the database on PostgreSQL"] = f"NOT RUN: {problem}"
        else:
            outcomes["the database on PostgreSQL"] = _pytest(env | {"DATABASE_URL": POSTGRES_URL}, *IN_PARALLEL)
        if problem := chromium.problem():
            outcomes["the pages in a browser"] = f"NOT RUN: {problem}"
        else:
            outcomes["the pages in a browser"] = _pytest(env, "-p", "no:xdist", "-m", "browser")
    print("\nmake test")
    for what, outcome in outcomes.items():
        print(f"  {what}: {outcome}")
    accepted = {"passed"} if NO_SKIPS else {"passed", *(o for o in outcomes.values() if o.startswith("NOT RUN"))}
    return 0 if accepted.issuperset(outcomes.values()) else 1


def _pytest(env: dict[str, str], *arguments: str) -> str:
    print(f"\n$ pytest {' '.join(arguments)}", flush=True)
    code = subprocess.run([sys.executable, "-m", "pytest", *arguments], env=env, check=False).returncode
    return {0: "passed", 5: "FAILED: no test ran"}.get(code, f"FAILED (pytest ended with {code})")


def _clean_environment(home: str) -> dict[str, str]:
    """What a test may see: nothing of the developer's own Crux, and nobody's model provider."""
    own = ("CRUX_TEST_", "CRUX_CHROMIUM")
    foreign = ("CRUX_", "DJANGO_", "OPENAI_", "DATABASE_URL", "PYTEST_ADDOPTS")
    kept = {n: v for n, v in os.environ.items() if n.startswith(own) or not n.startswith(foreign)}
    return kept | {"CRUX_HOME": home}


def _postgres_problem() -> str:
    """Why the database tests cannot run on PostgreSQL; empty where they can."""
    try:
        psycopg.connect(POSTGRES_URL, connect_timeout=5).close()
    except psycopg.Error as error:
        return f"{str(error).splitlines()[0]} (name a server with CRUX_TEST_POSTGRES_URL)"
    return ""


if __name__ == "__main__":
    sys.exit(main())
