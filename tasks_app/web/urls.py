"""The addresses of the pages; those of the sockets are in sockets.py."""

from django.urls import path, re_path

from tasks_app.web.views import batches, doors, lists, tasks

urlpatterns = [
    path("", lists.index, name="lists"),
    path("new/", batches.new, name="new-batch"),
    path("lists/<uuid:list_id>/", lists.board, name="list"),
    path("lists/<uuid:list_id>/columns/<str:name>/", lists.column, name="column"),
    path("lists/<uuid:list_id>/pause/", lists.pause, name="list-pause"),
    path("lists/<uuid:list_id>/resume/", lists.resume, name="list-resume"),
    re_path(r"^lists/(?P<list_id>[0-9a-f-]{36})/export\.(?P<form>jsonl|csv)$", lists.export, name="export"),
    path("lists/<uuid:list_id>/tasks/<int:pk>/retry/", tasks.retry, name="task-retry"),
    path("lists/<uuid:list_id>/tasks/<int:pk>/cancel/", tasks.cancel, name="task-cancel"),
    path("lists/<uuid:list_id>/tasks/<path:key>/", tasks.page, name="task"),
    path("sign-in/", doors.sign_in, name="sign-in"),
    path("sign-out/", doors.sign_out, name="sign-out"),
    path("link/<str:secret>/", doors.link, name="link"),
    path("healthz", doors.healthz, name="healthz"),
]
