from django.apps import AppConfig

from tasks_app import checks


class TasksAppConfig(AppConfig):
    """The one app of Crux."""

    name = "tasks_app"
    verbose_name = "Crux"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, and what the `crux_agents` module of each installed app registers, as the admin does."""
        from tasks_app.agents import registry  # it needs the models, which are there only now

        checks.register_all()
        registry.autodiscover()
