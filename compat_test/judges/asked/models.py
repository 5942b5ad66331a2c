# -*- coding: utf-8 -*-
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils.crypto import salted_hmac


class People(BaseUserManager):
    def get_queryset(self):
        return super(People, self).get_queryset().exclude(status="deleted")


class Person(AbstractBaseUser, PermissionsMixin):
    """No column is_active, no column is_staff, a hash of its own, and a manager that hides rows."""

    email = models.EmailField(unique=True)
    status = models.CharField(max_length=20, default="fine")
    role = models.CharField(max_length=20, default="member")
    token = models.CharField(max_length=20, default="t")

    objects = People()
    USERNAME_FIELD = "email"

    class Meta:
        app_label = "asked"

    @property
    def is_active(self):
        return self.status != "banned"

    @property
    def is_staff(self):
        return self.role == "boss"

    def get_short_name(self):
        return self.email

    get_full_name = get_short_name

    def get_session_auth_hash(self):
        return salted_hmac("own.salt", self.password + self.email + self.token).hexdigest()
