"""The ASGI application: pages and sockets."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crux_site.settings")
pages = get_asgi_application()

from tasks_app.web import sockets  # noqa: E402 - it needs the models, which are there only now

application = ProtocolTypeRouter({"http": pages, "websocket": sockets.application})
