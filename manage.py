#!/usr/bin/env python3
"""Django's command line; `manage.py crux` is Crux's own."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crux_site.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line  # after the settings module is named

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"manage.py: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:  # before a command could answer it
        sys.exit(130)


if __name__ == "__main__":
    main()
