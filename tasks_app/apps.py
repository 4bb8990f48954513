from django.apps import AppConfig


class TasksAppConfig(AppConfig):
    """The one app of Crux."""

    name = "tasks_app"
    verbose_name = "Crux"
    default_auto_field = "django.db.models.BigAutoField"
