from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

GOODS = ["Tea", "Coffee", "Honey"]


def home(request):
    return render(request, "home.html", {"goods": GOODS})


def cart(request):
    return render(request, "cart.html", {"cart": request.session.get("cart", {})})


@require_POST
def add(request):
    name = request.POST.get("name")
    if name in GOODS:
        cart = request.session.get("cart", {})
        cart[name] = cart.get(name, 0) + 1
        request.session["cart"] = cart
        messages.success(request, name + " is in your cart.")
    return redirect("home")


@require_POST
def empty(request):
    request.session.pop("cart", None)
    messages.info(request, "Your cart is empty now.")
    return redirect("cart")


@login_required
def account(request):
    return render(request, "account.html")
