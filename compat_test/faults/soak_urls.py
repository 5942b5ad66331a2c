import json

from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.urls import path


def page(request):
    """What soak_linux_test.go does on the other side."""
    session, op = request.session, request.GET["op"]
    if op == "row":  # of the database, whatever the cache has
        row = SessionStore(session.session_key).load()
        return HttpResponse(json.dumps({"Known": "_auth_user_id" in row, "N": row.get("n", 0)}))
    known = "_auth_user_id" in session
    if op == "begin":
        session.update({"_auth_user_id": "1", "_auth_user_backend": "b", "_auth_user_hash": "h", "n": 1})
    elif op == "write" and known:
        session["n"] += 1
    elif op == "cycle" and known:
        session.cycle_key()
        session["cycled"] = True
    elif op == "logout":
        session.flush()
    elif op == "touch":
        session.modified = True
    n = session.get("n", 0) if op != "logout" else 0
    return HttpResponse(json.dumps({"Known": known, "N": n}))


urlpatterns = [path("do/", page)]
