def do_member(name, password, admin):
    make = auth.get_user_model().objects
    return (make.create_superuser if admin else make.create_user)(name=name, email=name + "@example.com", password=password).email


def do_grant(typed):
    """Accounts have no permissions of Django's here."""
