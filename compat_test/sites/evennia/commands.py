import evennia

evennia._init()


def do_member(name, password, admin):
    user = auth.get_user_model().objects.create_account(name, name + "@example.com", password)
    user.is_staff, user.is_superuser = True, admin
    user.save()
    return name
