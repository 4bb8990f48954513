"""What the model says to documents of the browser tests."""

from tasks_app.llm.scripted import Scripted, call
from tests.whole.models import plain

HOSTILE = (
    "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
    " [click](javascript:alert(1)) {{ 7|add:7 }} {% now 'Y' %} <b>bold</b>"
)


def says(document: str, turn: int) -> Scripted:
    """It fails what asks to fail, answers in markup where that is asked for, and works well else."""
    if "hostile" in document and turn == 1:
        return call("report_progress", message=HOSTILE)
    if "hostile" in document and turn == 2:
        return call("complete_task", result=HOSTILE)
    if "fails" in document and turn == 2:
        return call("fail_task", error=f"Nothing to be done about {document}")
    return plain(document, turn)
