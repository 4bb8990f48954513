from django.apps import AppConfig

from tasks_app import checks


class TasksAppConfig(AppConfig):
    """The one app of Crux."""

    name = "tasks_app"
    verbose_name = "Crux"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        checks.register_all()
