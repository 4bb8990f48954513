"""All addresses: Crux's own, and the admin's."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("", include("tasks_app.web.urls"))]
