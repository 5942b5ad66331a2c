# -*- coding: utf-8 -*-
def do_person(email, groups=(), admin=False, **fields):
    """Makes a person: the primary key, and what a session has for a login."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group

    person = get_user_model()(email=email, is_superuser=admin, **fields)
    person.set_password("secret")
    person.save()
    for name in groups:
        person.groups.add(Group.objects.get_or_create(name=name)[0])
    return {
        "_auth_user_id": str(person.pk),
        "_auth_user_backend": "site_code.LockedBackend",
        "_auth_user_hash": person.get_session_auth_hash(),
    }


def do_change(pk, **fields):
    from django.contrib.auth import get_user_model

    get_user_model()._base_manager.filter(pk=pk).update(**fields)
