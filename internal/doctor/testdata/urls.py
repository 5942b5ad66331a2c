from django.contrib.auth import authenticate, login
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import ensure_csrf_cookie


@ensure_csrf_cookie
def enter(request):
    name = request.GET["name"]
    user = authenticate(request, username=name, password="pw-" + name)
    login(request, user)
    request.session["cart"] = ["a-value-of-the-session"]
    response = HttpResponse("welcome")
    response.set_signed_cookie("seen", "signed-value")
    return response


def who(request):
    return HttpResponse(request.user.username)


urlpatterns = [path("login/", enter), path("who/", who)]
