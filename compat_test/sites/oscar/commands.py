def do_member(name, password, admin):
    make = auth.get_user_model().objects
    return (make.create_superuser if admin else make.create_user)(name, name + "@example.com", password).email


def member(typed):
    return auth.get_user_model().objects.get(email=typed)
