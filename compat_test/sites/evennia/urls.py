from evennia.web.urls import urlpatterns
