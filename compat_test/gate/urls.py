from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.urls import path


def leave(request):
    logout(request)
    return HttpResponse("gone")


@login_required
def verify(request):
    """What people write where there is no gate: a view that nginx asks at each request."""
    response = HttpResponse()
    response["Remote-User"] = request.user.get_username()
    return response


urlpatterns = [path("accounts/login/", LoginView.as_view()), path("accounts/logout/", leave), path("accounts/verify/", verify)]
