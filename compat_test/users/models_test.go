package users_test

import (
	"errors"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsite"
)

// model is a user model with its manager and backends.
type model struct {
	name   string
	models string // accts/models.py, after some imports
	user   string // AUTH_USER_MODEL; default "accts.User"
	code   string // accts/backends.py, after some imports
	// backends is AUTHENTICATION_BACKENDS; default ModelBackend. vouches is the one of the
	// session; default the first.
	backends  []string
	vouches   string
	make      string // makes "user", the first one; default an AbstractUser
	ban       string // what is done to "user"; default is_active = False
	stays     bool   // Django does not mind
	names     []string
	django    []string // versions; default 6.1
	databases []string // besides SQLite

	refused string // by Open, with the settings alone
	warns   string // a Warning with the settings alone
	// lies says that the model does not as auth.User in a way that no table shows. A site that
	// says it does, and nothing else, gets what it says.
	lies bool

	opts *djsite.Options // with which Go says what Django says

	// unsaid is the error of Open with the profile alone. noNames says that Authenticate then
	// refuses to decide, because the backend's own code may do more than its query shows.
	unsaid     string
	noNames    bool
	everywhere bool // asked of each database's profile
}

// told are Options for a backend of the site's own that does as ModelBackend.
func told(o djsite.Options, backends ...string) *djsite.Options {
	o.ConfigureAuth = func(auth *djauth.Options) {
		auth.OwnBackends = map[string]string{}
		for _, b := range backends {
			auth.OwnBackends[b] = djauth.ModelBackend
		}
	}
	return &o
}

const (
	own   = "accts.backends.Own"
	none  = dbusers.None
	plain = "class User(AbstractUser):\n    pass\n"
	// base is an AbstractBaseUser with an e-mail address.
	base = `class User(AbstractBaseUser):
    email = models.EmailField(unique=True)
    objects = BaseUserManager()
    USERNAME_FIELD = 'email'
`
	makeBase = "user = User(email='ada@example.com')\nuser.set_password('pw')\nuser.save()"
	remove   = "user.delete()"
)

var username = dbusers.Columns{Username: "username"}

// email are the Columns of base.
var email = dbusers.Columns{Username: "email", Staff: none, Superuser: none}

func table(o dbusers.Options) *djsite.Options { return &djsite.Options{UserTable: &o} }

func named() *djsite.Options { return table(dbusers.Options{Columns: username}) }

var all = []string{"postgresql", "mysql"}

var models = []model{
	{name: "Django's own", user: "auth.User", opts: &djsite.Options{}, django: []string{"6.1", "4.2", "3.2", "1.11"}},
	{name: "Django's own, another password", user: "auth.User", ban: "user.set_password('other')\nuser.save()", opts: &djsite.Options{}},
	{name: "Django's own, AllowAllUsers", user: "auth.User", backends: []string{djauth.AllowAllUsersModelBackend}, stays: true, opts: &djsite.Options{}},
	{name: "Django's own, RemoteUserBackend", user: "auth.User", backends: []string{djauth.RemoteUserBackend}, opts: &djsite.Options{}},
	{name: "a child of AbstractUser", models: plain, warns: "Columns.Username", opts: named()},
	{name: "deleted_at", models: `class Manager(UserManager):
    def get_queryset(self):
        return super().get_queryset().filter(deleted_at__isnull=True)
class User(AbstractUser):
    deleted_at = models.DateTimeField(null=True)
    objects = Manager()
`, ban: "import datetime\nuser.deleted_at = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)\nuser.save()",
		refused: "has deleted_at, by which", opts: table(dbusers.Options{Columns: username, Where: []djauth.Condition{{Column: "deleted_at"}}})},
	{name: "is_deleted", everywhere: true, databases: all, models: `class Manager(UserManager):
    def get_queryset(self):
        return super(Manager, self).get_queryset().filter(is_deleted=False)
class User(AbstractUser):
    is_deleted = models.BooleanField(default=False)
    objects = Manager()
`, ban: "user.is_deleted = True\nuser.save()", django: []string{"6.1", "1.11"},
		refused: "has is_deleted, by which", opts: table(dbusers.Options{Columns: username, Where: []djauth.Condition{{Column: "is_deleted", Is: false}}})},
	{name: "exclude, with NULL", everywhere: true, databases: all, models: `class Manager(UserManager):
    def get_queryset(self):
        return super().get_queryset().exclude(status='banned')
class User(AbstractUser):
    status = models.CharField(max_length=9, null=True)
    objects = Manager()
`, ban: "user.status = 'banned'\nuser.save()",
		refused: "has status, by which", opts: table(dbusers.Options{Columns: username, Where: []djauth.Condition{{Column: "status", Is: "banned", Not: true}}})},
	{name: "one of several", databases: all, models: `class Manager(UserManager):
    def get_queryset(self):
        return super().get_queryset().filter(status__in=['trial', 'paid'], level=3).exclude(left=None)
class User(AbstractUser):
    status = models.CharField(max_length=9, default='paid')
    level = models.IntegerField(default=3)
    left = models.IntegerField(null=True, default=1)
    objects = Manager()
`, ban: "user.status = 'over'\nuser.save()",
		refused: "has status, by which", opts: table(dbusers.Options{Columns: username, Where: []djauth.Condition{
			{Column: "status", Is: []any{"trial", "paid"}}, {Column: "level", Is: 3}, {Column: "left", Not: true},
		}})},
	{name: "default_manager_name", models: `class Manager(UserManager):
    def get_queryset(self):
        return super().get_queryset().filter(is_removed=False)
class User(AbstractUser):
    is_removed = models.BooleanField(default=False)
    objects = UserManager()
    there = Manager()
    class Meta:
        default_manager_name = 'there'
`, ban: "user.is_removed = True\nuser.save()",
		refused: "has is_removed, by which", opts: table(dbusers.Options{Columns: username, Where: []djauth.Condition{{Column: "is_removed", Is: false}}})},
	{name: "a manager that is not the default", models: `class Manager(UserManager):
    def get_queryset(self):
        return super().get_queryset().filter(deleted=False)
class User(AbstractUser):
    deleted = models.BooleanField(default=False)
    objects = UserManager()
    there = Manager()
`, ban: "user.deleted = True\nuser.save()", stays: true,
		refused: "has deleted, by which", opts: table(dbusers.Options{Columns: username, Where: []djauth.Condition{}})},
	{name: "a manager of active users", models: `class Manager(UserManager):
    def get_queryset(self):
        return super().get_queryset().filter(is_active=True)
class User(AbstractUser):
    objects = Manager()
`, opts: named()},
	{name: "a manager that looks into another table", unsaid: "it looks into accts_card", models: `class Manager(UserManager):
    def get_queryset(self):
        return super().get_queryset().filter(card__valid=True)
class User(AbstractUser):
    objects = Manager()
class Card(models.Model):
    user = models.OneToOneField(User, on_delete=models.CASCADE)
    valid = models.BooleanField(default=True)
`, make: "user = User(username='ada', email='ada@example.com')\nuser.set_password('pw')\nuser.save()\nfrom accts.models import Card\nCard.objects.create(user=user)",
		ban: "user.card.valid = False\nuser.card.save()", lies: true},
	{name: "a base manager that filters", models: `class Manager(UserManager):
    def get_queryset(self):
        return super().get_queryset().filter(is_archived=False)
class User(AbstractUser):
    is_archived = models.BooleanField(default=False)
    objects = Manager()
    class Meta:
        base_manager_name = 'objects'
`, ban: "user.is_archived = True\nuser.save()",
		refused: "has is_archived, by which", opts: table(dbusers.Options{Columns: username, Where: []djauth.Condition{{Column: "is_archived", Is: false}}})},

	{name: "is_active of a status", unsaid: "is_active is code", models: base + `    status = models.CharField(max_length=9, default='ok')
    @property
    def is_active(self):
        return self.status != 'banned'
`, make: makeBase, ban: "user.status = 'banned'\nuser.save()", refused: "has status, which",
		opts: table(dbusers.Options{Columns: email, Extra: []string{"status"}, Active: func(a *djauth.Account) bool { return a.Extra["status"] != "banned" }})},
	{name: "is_active of two columns", databases: all, models: base + `    enabled = models.BooleanField(default=True)
    locked = models.BooleanField(default=False)
    @property
    def is_active(self):
        return self.enabled and not self.locked
`, make: makeBase, ban: "user.locked = True\nuser.save()", refused: "has enabled, locked, which",
		opts: table(dbusers.Options{Columns: email, Extra: []string{"enabled", "locked"}, Active: func(a *djauth.Account) bool { return a.Flag("enabled") && !a.Flag("locked") }})},
	{name: "is_active over a column of this name", models: base + `    flag = models.BooleanField(default=True, db_column='is_active')
    is_banned = models.BooleanField(default=False)
    @property
    def is_active(self):
        return self.flag and not self.is_banned
`, make: makeBase, ban: "user.is_banned = True\nuser.save()", refused: "has is_banned, by which",
		opts: table(dbusers.Options{Columns: email, Extra: []string{"is_active", "is_banned"}, Active: func(a *djauth.Account) bool { return a.Flag("is_active") && !a.Flag("is_banned") }})},
	{name: "is_active under another name", models: base + "    is_active = models.BooleanField(default=True, db_column='usable')\n",
		make: makeBase, refused: "the table accts_user has no column is_active",
		opts: table(dbusers.Options{Columns: dbusers.Columns{Username: "email", Active: "usable", Staff: none, Superuser: none}})},
	{name: "everybody is active", models: base, make: makeBase, ban: remove, refused: "has no column is_active",
		opts: table(dbusers.Options{Columns: dbusers.Columns{Username: "email", Active: none, Staff: none, Superuser: none}})},
	{name: "is_staff and is_superuser of a column", databases: all, models: base + `    is_active = models.BooleanField(default=True)
    is_admin = models.BooleanField(default=True)
    @property
    def is_staff(self):
        return self.is_admin
    @property
    def is_superuser(self):
        return self.is_admin
`, make: makeBase, ban: "user.is_admin = False\nuser.is_active = False\nuser.save()", warns: "no column is_staff and no is_superuser",
		opts: table(dbusers.Options{Columns: dbusers.Columns{Username: "email"}, Extra: []string{"is_admin"},
			Staff: func(a *djauth.Account) bool { return a.Flag("is_admin") }, Superuser: func(a *djauth.Account) bool { return a.Flag("is_admin") }})},

	{name: "is_staff over a column of this name", models: base + `    is_active = models.BooleanField(default=True)
    flag = models.BooleanField(default=True, db_column='is_staff')
    note = models.CharField(max_length=9, default='')
    @property
    def is_staff(self):
        return self.flag and self.note == 'trusted'
`, make: makeBase, lies: true,
		opts: table(dbusers.Options{Columns: dbusers.Columns{Username: "email", Superuser: none}, Extra: []string{"is_staff", "note"},
			Staff: func(a *djauth.Account) bool { return a.Flag("is_staff") && a.Extra["note"] == "trusted" }})},
	{name: "USERNAME_FIELD is email", models: "class User(AbstractUser):\n    email = models.EmailField(unique=True)\n    USERNAME_FIELD = 'email'\n    REQUIRED_FIELDS = []\n",
		warns: "Columns.Username", opts: table(dbusers.Options{Columns: dbusers.Columns{Username: "email"}}), django: []string{"6.1", "1.11"}},
	{name: "no username at all", models: "class User(AbstractUser):\n    username = None\n    email = models.EmailField(unique=True)\n    USERNAME_FIELD = 'email'\n    REQUIRED_FIELDS = []\n    objects = BaseUserManager()\n",
		make: makeBase, warns: "Columns.Username", opts: table(dbusers.Options{Columns: dbusers.Columns{Username: "email"}})},
	{name: "USERNAME_FIELD may be NULL", models: "class User(AbstractUser):\n    username = models.CharField(max_length=9, null=True, unique=True)\n",
		make:  "user = User(username='ada', email='ada@example.com')\nuser.set_password('pw')\nuser.save()\nfor n in range(2):\n    u = User(username=None)\n    u.set_password('pw')\n    u.save()",
		names: []string{"ada", "None", ""}, opts: named()},
	{name: "a table and columns of other names", models: "class User(AbstractUser):\n    username = models.CharField(max_length=9, unique=True, db_column='Login Name')\n    password = models.CharField(max_length=128, db_column='pass')\n    class Meta:\n        db_table = 'Kunden'\n",
		refused: "no such table: accts_user", opts: table(dbusers.Options{Table: "Kunden", Columns: dbusers.Columns{Username: "Login Name", Password: "pass"}})},

	{name: "a natural key without regard to case", everywhere: true, databases: all, models: `class Manager(UserManager):
    def get_by_natural_key(self, username):
        return self.get(username__iexact=username)
class User(AbstractUser):
    objects = Manager()
`, names: []string{"ada", "ADA", "aDa", "a_a", "%", "ada ", "BÖS", "bös"}, make: "for n in ('ada', 'b\\u00f6s'):\n    user = User(username=n)\n    user.set_password('pw')\n    user.save()\nuser = User.objects.get(username='ada')",
		opts: &djsite.Options{UserTable: &dbusers.Options{Columns: username}, Lookup: []djauth.Lookup{{IgnoreCase: true}}}},
	{name: "a pattern in a name", databases: all, models: `class Manager(UserManager):
    def get_by_natural_key(self, username):
        return self.get(username__iexact=username)
class User(AbstractUser):
    objects = Manager()
`, names: []string{`a_%\b`, `A_%\B`, `axx\b`, "%", `a\b`}, make: "for n in ('a_%\\\\b', 'axx\\\\b'):\n    user = User(username=n)\n    user.set_password('pw')\n    user.save()\nuser = User.objects.order_by('pk').first()",
		opts: &djsite.Options{UserTable: &dbusers.Options{Columns: username}, Lookup: []djauth.Lookup{{IgnoreCase: true}}}},
	{name: "several without regard to case", databases: []string{"postgresql"}, models: `class Manager(UserManager):
    def get_by_natural_key(self, username):
        return self.get(username__iexact=username)
class User(AbstractUser):
    objects = Manager()
`, names: []string{"ada", "ADA"}, make: "for n in ('ada', 'ADA'):\n    user = User(username=n)\n    user.set_password('pw')\n    user.save()\nuser = User.objects.get(username='ada')",
		opts: &djsite.Options{UserTable: &dbusers.Options{Columns: username}, Lookup: []djauth.Lookup{{IgnoreCase: true}}}},
	{name: "a natural key of one tenant", models: `class Manager(UserManager):
    def get_by_natural_key(self, username):
        return self.get(username=username, tenant=1)
class User(AbstractUser):
    username = models.CharField(max_length=9)
    tenant = models.IntegerField(default=1)
    objects = Manager()
`, make: "for tenant in (1, 2):\n    for n in ('ada', 'eve')[:tenant]:\n        user = User(username=n, tenant=tenant)\n        user.set_password('pw')\n        user.save()\nuser = User.objects.get(username='ada', tenant=1)",
		names: []string{"ada", "eve"},
		opts:  &djsite.Options{UserTable: &dbusers.Options{Columns: username}, Lookup: []djauth.Lookup{{Where: []djauth.Condition{{Column: "tenant", Is: 1}}}}}},
	{name: "a backend of e-mail addresses", noNames: true, user: "auth.User", backends: []string{own, djauth.ModelBackend}, databases: all, code: `class Own(ModelBackend):
    def authenticate(self, request, username=None, password=None, **kwargs):
        try:
            user = get_user_model().objects.get(email=username)
        except Exception:
            return None
        if user.check_password(password) and self.user_can_authenticate(user):
            return user
`, make: "for n, e in (('ada', 'ada@example.com'), ('eve@example.com', 'other@example.com'), ('bob', 'eve@example.com'), ('x', 'twice@example.com'), ('y', 'twice@example.com')):\n    user = User(username=n, email=e)\n    user.set_password('pw' if n != 'bob' else 'other')\n    user.save()\nuser = User.objects.get(username='ada')",
		names: []string{"ada", "ada@example.com", "ADA@example.com", "eve@example.com", "twice@example.com", "x", ""},
		warns: "djsite.Options.Lookup", opts: told(djsite.Options{Lookup: []djauth.Lookup{{Backend: own, Columns: []string{"email"}}}}, own)},
	{name: "a backend of e-mail addresses for all users", noNames: true, user: "auth.User", backends: []string{djauth.ModelBackend, own}, code: `class Own(AllowAllUsersModelBackend):
    def authenticate(self, request, username=None, password=None, **kwargs):
        for user in get_user_model().objects.filter(email=username):
            if user.check_password(password) and self.user_can_authenticate(user):
                return user
`, names: []string{"ada", "ada@example.com", "ADA@example.com"},
		opts: &djsite.Options{Lookup: []djauth.Lookup{{Backend: own, Columns: []string{"email"}}}, ConfigureAuth: func(o *djauth.Options) {
			o.OwnBackends = map[string]string{own: djauth.AllowAllUsersModelBackend}
		}}},
	{name: "a backend of names and e-mail addresses", noNames: true, user: "auth.User", backends: []string{own}, code: `class Own(ModelBackend):
    def authenticate(self, request, username=None, password=None, **kwargs):
        user = get_user_model().objects.get(Q(username__iexact=username) | Q(email__iexact=username))
        if user.check_password(password) and self.user_can_authenticate(user):
            return user
`, make: "for n, e in (('ada', 'ada@example.com'), ('eve@example.com', 'other@example.com'), ('bob', 'eve@example.com')):\n    user = User(username=n, email=e)\n    user.set_password('pw')\n    user.save()\nuser = User.objects.get(username='ada')",
		names: []string{"ada", "ADA", "Ada@Example.com", "eve@example.com", "other@example.com"},
		warns: own, opts: told(djsite.Options{Lookup: []djauth.Lookup{{Columns: []string{"username", "email"}, IgnoreCase: true}}}, own)},
	{name: "a backend of normalised e-mail addresses", noNames: true, user: "auth.User", backends: []string{own}, code: `from django.contrib.auth.base_user import BaseUserManager
class Own(ModelBackend):
    def authenticate(self, request, username=None, password=None, **kwargs):
        user = get_user_model().objects.filter(email=BaseUserManager.normalize_email(username), is_staff=False).first()
        if user and user.check_password(password) and self.user_can_authenticate(user):
            return user
`, names: []string{"ada", "ada@EXAMPLE.com", "Ada@example.com", "ada@example.com"},
		warns: own, opts: told(djsite.Options{Lookup: []djauth.Lookup{{Columns: []string{"email"}, Normalize: djauth.NormalizeEmail, Where: []djauth.Condition{{Column: "is_staff", Is: false}}}}}, own)},

	{name: "columns in two tables", databases: all, models: `class Person(models.Model):
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
class User(Person, AbstractBaseUser):
    nick = models.CharField(max_length=9)
    objects = BaseUserManager()
    USERNAME_FIELD = 'email'
`, make: "from accts.models import Person\nPerson.objects.create(email='first@example.com')\n" + makeBase, names: []string{"ada@example.com", "first@example.com", "ADA@example.com"},
		warns: "Columns.Username", opts: table(dbusers.Options{Columns: email}), django: []string{"6.1", "1.11"}},
	{name: "columns in three tables", models: `class Thing(models.Model):
    name = models.CharField(max_length=9, default='x')
    enabled = models.BooleanField(default=True)
class Person(Thing):
    email = models.EmailField(unique=True)
class User(Person, AbstractBaseUser, PermissionsMixin):
    objects = BaseUserManager()
    USERNAME_FIELD = 'email'
    @property
    def is_active(self):
        return self.enabled
`, make: "from accts.models import Thing\nThing.objects.create()\n" + makeBase, ban: "user.enabled = False\nuser.save()", refused: "has enabled, which",
		opts: table(dbusers.Options{Columns: dbusers.Columns{Username: "email", Staff: none, Active: "enabled"}})},
	{name: "a child of a concrete user", models: "class Base(AbstractUser):\n    pass\nclass User(Base):\n    phone = models.CharField(max_length=9)\n",
		make: "from accts.models import Base\nBase.objects.create(username='base')\nuser = User(username='ada', email='ada@example.com')\nuser.set_password('pw')\nuser.save()",
		opts: named(), databases: all, names: []string{"ada", "base"}},
	{name: "a parent link of another name", models: `class Person(models.Model):
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
class User(Person, AbstractBaseUser):
    person = models.OneToOneField(Person, on_delete=models.CASCADE, parent_link=True, primary_key=True)
    objects = BaseUserManager()
    USERNAME_FIELD = 'email'
`, make: makeBase, names: []string{"ada@example.com"}, refused: "key person_id points to the table accts_person",
		opts: table(dbusers.Options{Columns: email, Parents: []dbusers.Parent{{Table: "accts_person"}}})},

	{name: "a hash of SHA-1 with its own salt", everywhere: true, models: `from django.utils.crypto import salted_hmac
class User(AbstractUser):
    token = models.CharField(max_length=32, default='t')
    def get_session_auth_hash(self):
        return salted_hmac('own.salt', self.password + self.email + self.token).hexdigest()
`, ban: "user.token = 'u'\nuser.save()", django: []string{"6.1", "4.2", "3.2", "2.2", "1.11"}, databases: all,
		opts: &djsite.Options{UserTable: &dbusers.Options{Columns: username}, AuthHash: djauth.AuthHash{Salt: "own.salt", Algorithm: "sha1", Fields: []string{"password", "email", "token"}}}},
	{name: "a hash with numbers and dashes", models: `from django.utils.crypto import salted_hmac
class User(AbstractUser):
    serial = models.IntegerField(default=7)
    def get_session_auth_hash(self):
        return salted_hmac('own.salt', '%s-%s-%s' % (self.pk, self.password, self.serial), algorithm='sha512').hexdigest()
`, ban: "user.serial = 8\nuser.save()", databases: all,
		opts: &djsite.Options{UserTable: &dbusers.Options{Columns: username, Extra: []string{"serial"}}, AuthHash: djauth.AuthHash{Salt: "own.salt", Algorithm: "sha512", Text: func(a *djauth.Account) string {
			n, _ := a.Extra["serial"].(int64)
			if small, ok := a.Extra["serial"].(int32); ok {
				n = int64(small)
			}
			return a.ID + "-" + a.Password.Reveal() + "-" + strconv.FormatInt(n, 10)
		}}}},
	{name: "a hash of no HMAC", unsaid: "djsite.Options.AuthHash", models: `import hashlib
class User(AbstractUser):
    def get_session_auth_hash(self):
        return hashlib.md5(self.password.encode()).hexdigest()
`, ban: "user.set_password('x')\nuser.save()", opts: &djsite.Options{UserTable: &dbusers.Options{Columns: username}, AuthHash: djauth.AuthHash{Sums: func(a *djauth.Account) []string { return []string{md5Hex(a.Password.Reveal())} }}}},
	{name: "no hash", unsaid: "is_authenticated", django: []string{"5.2", "3.2"}, models: `class User(models.Model):
    username = models.CharField(max_length=9, unique=True)
    password = models.CharField(max_length=99)
    is_active = models.BooleanField(default=True)
    is_anonymous, is_authenticated = False, True
    USERNAME_FIELD = 'username'
    REQUIRED_FIELDS = []
    objects = UserManager()
    def get_username(self):
        return self.username
    def check_password(self, raw):
        from django.contrib.auth.hashers import check_password
        return check_password(raw, self.password)
`, make: "from django.contrib.auth.hashers import make_password\nuser = User.objects.create(username='ada', password=make_password('pw'))",
		opts: &djsite.Options{UserTable: &dbusers.Options{Columns: username}, AuthHash: djauth.AuthHash{None: true}}},
	{name: "no password", models: `from django.utils.crypto import salted_hmac
class User(AbstractUser):
    username = password = None
    email = models.EmailField(unique=True)
    salt = models.CharField(max_length=12, default='abc')
    USERNAME_FIELD = 'email'
    REQUIRED_FIELDS = []
    objects = BaseUserManager()
    def get_session_auth_hash(self):
        return salted_hmac('mail', self.salt, algorithm='sha256').hexdigest()
`, make: "user = User.objects.create(email='ada@example.com')", ban: "user.salt = 'new'\nuser.save()", refused: "has no column password",
		backends: []string{"accts.backends.Link"}, code: "class Link(ModelBackend):\n    def authenticate(self, request, token=None):\n        return None\n",
		opts: &djsite.Options{
			UserTable: &dbusers.Options{Columns: dbusers.Columns{Username: "email", Password: none}},
			AuthHash:  djauth.AuthHash{Salt: "mail", Algorithm: "sha256", Fields: []string{"salt"}},
			ConfigureAuth: func(o *djauth.Options) {
				o.OwnBackends = map[string]string{"accts.backends.Link": djauth.RemoteUserBackend}
			},
		}},

	{name: "a UUID", models: "import uuid\nclass User(AbstractUser):\n    id = models.UUIDField(primary_key=True, default=uuid.uuid4)\n", databases: all, opts: named()},
	{name: "a text for a key", models: "class User(AbstractUser):\n    code = models.CharField(max_length=40, primary_key=True, default=\"K\\u00e4y '1'\")\n", opts: named()},
	{name: "keys that are converted", unsaid: "ToColumn", databases: all, models: `class Key(object):
    def __init__(self, n):
        self.n = n
    def __str__(self):
        return 'u-%x' % (self.n * 3 + 7)
    def __eq__(self, other):
        return isinstance(other, Key) and other.n == self.n
    def __hash__(self):
        return hash(self.n)
class KeyField(models.AutoField):
    def to_python(self, v):
        if isinstance(v, Key) or v is None:
            return v
        if isinstance(v, int):
            return Key(v)
        n = int(v[2:], 16) - 7
        if not v.startswith('u-') or n % 3:
            raise ValueError(v)
        return Key(n // 3)
    def from_db_value(self, v, *args):
        return v if v is None else Key(v)
    def get_prep_value(self, v):
        v = self.to_python(v)
        return v if v is None else v.n
    def value_to_string(self, obj):
        return str(self.value_from_object(obj))
class User(AbstractUser):
    id = KeyField(primary_key=True)
`, opts: table(dbusers.Options{Columns: username, ToColumn: func(text string) (string, error) {
		digits, ok := strings.CutPrefix(text, "u-")
		n, err := strconv.ParseInt(digits, 16, 64)
		if !ok || err != nil || (n-7)%3 != 0 {
			return "", errors.New("no key")
		}
		return strconv.FormatInt((n-7)/3, 10), nil
	}, FromColumn: func(column string) (string, error) {
		n, err := strconv.ParseInt(column, 10, 64)
		return "u-" + strconv.FormatInt(n*3+7, 16), err
	}})},

	{name: "a backend that locks users", unsaid: "accts.backends.Own", user: "auth.User", backends: []string{own}, code: `class Own(ModelBackend):
    def user_can_authenticate(self, user):
        return super().user_can_authenticate(user) and user.first_name != 'LOCKED'
`, ban: "user.first_name = 'LOCKED'\nuser.save()", warns: own,
		opts: &djsite.Options{ConfigureAuth: func(o *djauth.Options) {
			o.OwnBackends = map[string]string{own: djauth.ModelBackend}
			o.CanAuthenticate = func(_ string, a *djauth.Account) bool { return a.Active && a.FirstName != "LOCKED" }
		}}},
	{name: "a backend that ignores is_active", unsaid: "accts.backends.Own", user: "auth.User", backends: []string{own}, stays: true, code: `class Own(object):
    def authenticate(self, request, username=None, password=None):
        user = get_user_model().objects.filter(email=username).first()
        if user and user.check_password(password):
            return user
    def get_user(self, pk):
        return get_user_model().objects.filter(pk=pk).first()
`, warns: own, opts: &djsite.Options{Lookup: []djauth.Lookup{{Columns: []string{"email"}}}, ConfigureAuth: func(o *djauth.Options) {
		o.OwnBackends = map[string]string{own: djauth.AllowAllUsersModelBackend}
	}}},
}
