# -*- coding: utf-8 -*-
"""The addresses of the site."""
import views

try:
    from django.urls import re_path
except ImportError:  # before 2.0
    from django.conf.urls import url as re_path

urlpatterns = [
    re_path(r"^$", views.home),
    re_path(r"^do/$", views.do),
]
