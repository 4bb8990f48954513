"""The pages of docs/reference that are made from the code: `make docs` writes them."""

from pathlib import Path

from crux_site import settings
from tasks_app.conf import PREFIX, Conf

ROOT = Path(__file__).parent.parent
SETTINGS_PAGE = ROOT / "docs" / "reference" / "settings.md"
BOUNDS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}

INTRODUCTION = """\
# Settings

<!-- Made from the code by `make docs`. -->

Crux is configured by environment variables alone. An empty variable counts as not set. A value that cannot
be read stops every command with a line that names it (`crux.E001`).

## Crux

"s" is seconds, "min" minutes.
"""


def settings_page() -> str:
    """docs/reference/settings.md, from tasks_app/conf.py and the docstring of crux_site/settings.py."""
    rows = ["| Variable | Default | Allowed | Unit and reason |", "| --- | --- | --- | --- |"]
    for name, field in Conf.model_fields.items():
        bounds = " and ".join(
            f"{sign} {getattr(rule, attribute):,}".replace(",", " ")
            for rule in field.metadata
            for attribute, sign in BOUNDS.items()
            if hasattr(rule, attribute)
        )
        allowed = " ".join(filter(None, [_type_name(field.annotation), bounds]))
        default = field.get_default(call_default_factory=True, validated_data={})
        rows.append(f"| `{PREFIX}{name.upper()}` | {_shown(default)} | {allowed} | {field.description} |")
    deployment = ["", "## Deployment", "", "| Variable | What it says |", "| --- | --- |"]
    for line in (settings.__doc__ or "").strip().splitlines()[2:]:
        variable, text = line.split(maxsplit=1)
        deployment.append(f"| `{variable}` | {text} |")
    return "\n".join([INTRODUCTION, *rows, *deployment, ""])


def _type_name(annotation: object) -> str:
    for kind, name in ((bool, "on or off"), (int, "a whole number"), (float, "a number"), (str, "text")):
        if annotation is kind:
            return name
    return "JSON"


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`" if default else "—"


if __name__ == "__main__":
    SETTINGS_PAGE.write_text(settings_page())
    print(f"wrote {SETTINGS_PAGE.relative_to(ROOT)}")
