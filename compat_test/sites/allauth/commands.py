def do_member(name, password, admin):
    user = auth.get_user_model().objects.create_user(name, name + "@example.com", password, is_staff=admin, is_superuser=admin)
    user.emailaddress_set.create(email=user.email, primary=True, verified=True)
    return user.email


def member(typed):
    return auth.get_user_model().objects.get(email=typed)
