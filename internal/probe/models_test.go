package probe_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

const head = `import datetime, hashlib, hmac, uuid
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AbstractUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

START = timezone.now()


class Person(models.Model):
    closed = models.BooleanField(default=False)


class Base(AbstractBaseUser):
    email = models.EmailField(unique=True)
    gone = models.DateTimeField(null=True)
    kind = models.CharField(max_length=5, choices=[('a', 'a'), ('b', 'b')])
    flag = models.BooleanField(default=True)
    USERNAME_FIELD = 'email'
    objects = BaseUserManager()

    class Meta:
        abstract = True


`

// Models of users that do something by code. The profile says what, or that it does not
// know: it never takes what it saw once for what always holds.
func TestModels(t *testing.T) {
	for _, tt := range []struct{ name, code, want string }{
		{"a key that is a UUID", "class User(Base):\n    id = models.UUIDField(primary_key=True, default=uuid.uuid4)\n",
			"pk=UUIDField id=a192b50b-741f-edde-f147-b05b291a3d28 by_pk=id.exact=pk by_name=email.exact=name active=constant:true hash=password"},
		{"a filter by the present moment", "class Users(BaseUserManager):\n    def get_queryset(self):\n        return super().get_queryset().filter(Q(gone=None) | Q(gone__gt=timezone.now())).exclude(kind='b')\n\n" +
			"class User(Base):\n    objects = Users()\n",
			"by_pk=(gone.isnull=True | gone.gt=now) & !kind.exact=b & id.exact=pk"},
		{"a filter by the moment of the start", "class Users(BaseUserManager):\n    def get_queryset(self):\n        return super().get_queryset().filter(gone__gt=START)\n\nclass User(Base):\n    objects = Users()\n",
			"by_pk=?"},
		{"a filter by another day", "class Users(BaseUserManager):\n    def get_queryset(self):\n        return super().get_queryset().filter(gone__gt=timezone.now() - datetime.timedelta(days=9))\n\nclass User(Base):\n    objects = Users()\n",
			"by_pk=? & id.exact=pk"},
		{"a filter by chance", "import random\n\nclass Users(BaseUserManager):\n    def get_queryset(self):\n        return super().get_queryset().filter(kind=str(random.random()))\n\nclass User(Base):\n    objects = Users()\n",
			"by_pk=?"},
		{"a filter by another table", "class Users(BaseUserManager):\n    def get_queryset(self):\n        return super().get_queryset().filter(person__closed=False)\n\nclass User(Base):\n    person = models.ForeignKey(Person, models.CASCADE)\n    objects = Users()\n",
			"by_pk=accounts_person.closed.exact=False & id.exact=pk"},
		{"a name that is lowered", "class Users(BaseUserManager):\n    def get_by_natural_key(self, name):\n        return self.annotate(low=Lower('email')).get(low=name.lower())\n\nclass User(Base):\n    objects = Users()\n",
			"by_name=Lower(email).exact=name:lower"},
		{"a name without its domain", "class Users(BaseUserManager):\n    def get_by_natural_key(self, name):\n        return self.get(email=name.split('@')[0])\n\nclass User(Base):\n    objects = Users()\n",
			"by_name=email.exact=Djsession-Probe"},
		{"is_active of a choice", "class User(Base):\n    @property\n    def is_active(self):\n        return self.kind == 'a'\n", "active=code[kind]a:true,b:false"},
		{"is_active of two bools", "class User(Base):\n    other = models.BooleanField(default=True)\n    @property\n    def is_active(self):\n        return self.flag and not self.other\n",
			"active=code[flag other]False,False:false,False,True:false,True,False:true,True,True:false"},
		{"is_active by the clock", "class User(Base):\n    @property\n    def is_active(self):\n        return self.flag and datetime.datetime.now().year > 2000\n", "active=code[flag]"},
		{"is_active by another function", "def locked(user):\n    return not user.flag\n\nclass User(Base):\n    @property\n    def is_active(self):\n        return not locked(self)\n", "active=code[flag]"},
		{"is_active by a moment", "class User(Base):\n    @property\n    def is_active(self):\n        return self.gone is None\n", "active=code[gone]"},
		{"is_active as a method", "class User(Base):\n    def is_active(self):\n        return False\n", "active=code[]"},
		{"is_active set in __init__", "class User(Base):\n    def __init__(self, *args, **kwargs):\n        super().__init__(*args, **kwargs)\n        self.is_active = self.flag\n", "active=code[]"},
		{"a constant", "class User(Base):\n    is_active = False\n", "active=constant:false"},
		{"a key that is converted", "class Key(models.BigAutoField):\n    def from_db_value(self, value, expression, connection):\n        return 'user-%d' % value\n\nclass User(Base):\n    id = Key(primary_key=True)\n",
			"pk=BigAutoField id=user-754445728"},
		{"a hash of more fields", "class User(Base):\n    def get_session_auth_hash(self):\n        return salted_hmac('own', '%s:%s:%s' % (self.password, self.email, self.pk), algorithm='sha256').hexdigest()\n", "hash=password ':' email ':' id(int)"},
		{"a hash with a moment", "class User(Base):\n    def get_session_auth_hash(self):\n        return salted_hmac('own', self.password + str(self.gone), algorithm='sha256').hexdigest()\n", "hash=password gone(datetime)"},
		{"a hash that looks at a bool", "class User(Base):\n    def get_session_auth_hash(self):\n        return salted_hmac('own', self.password + ('1' if self.flag else '0'), algorithm='sha256').hexdigest()\n", "hash=?"},
		{"a hash of a name in small letters", "class User(Base):\n    def get_session_auth_hash(self):\n        return salted_hmac('own', self.password + self.email.lower(), algorithm='sha256').hexdigest()\n", "hash=?"},
		{"a hash of half a field", "class User(Base):\n    def get_session_auth_hash(self):\n        return salted_hmac('own', self.password[:3] + self.email, algorithm='sha256').hexdigest()\n", "hash=?"},
		{"a hash by a key of its own", "class User(Base):\n    def get_session_auth_hash(self):\n        return hmac.new(b'own', self.password.encode(), 'sha256').hexdigest()\n", "hash=?"},
		{"a hash that is no HMAC", "class User(Base):\n    def get_session_auth_hash(self):\n        return hashlib.sha256((self.password + settings.SECRET_KEY).encode()).hexdigest()\n", "hash=?"},
		{"a hash that is cut", "class User(Base):\n    def get_session_auth_hash(self):\n        return super().get_session_auth_hash()[:40]\n", "hash=?"},
		{"a hash by the clock", "class User(Base):\n    def get_session_auth_hash(self):\n        return salted_hmac('own', self.password + str(timezone.now()), algorithm='sha256').hexdigest()\n", "hash=?"},
		{"columns in three tables", "class Thing(models.Model):\n    note = models.CharField(max_length=9)\n\nclass Human(Thing):\n    mail = models.EmailField(unique=True)\n\nclass User(Human, Base):\n    pass\n",
			"links=accounts_human.thing_ptr_id<-accounts_user.human_ptr_id,accounts_thing.id<-accounts_human.thing_ptr_id"},
		{"two parents, one of which has one", "class Thing(models.Model):\n    note = models.CharField(max_length=9)\n\nclass Human(Thing):\n    mail = models.EmailField(unique=True)\n\nclass Owner(models.Model):\n    key = models.AutoField(primary_key=True)\n    paid = models.BooleanField(default=True)\n\nclass User(Human, Owner, Base):\n    pass\n",
			"links=accounts_human.thing_ptr_id<-accounts_user.human_ptr_id,accounts_owner.key<-accounts_user.owner_ptr_id,accounts_thing.id<-accounts_human.thing_ptr_id"},
		{"no hash, password or manager", "class User(models.Model):\n    name = models.CharField(max_length=9, primary_key=True)\n    USERNAME_FIELD = 'name'\n    REQUIRED_FIELDS = []\n    is_authenticated = True\n    is_anonymous = False\n",
			"pk=CharField active=absent hash=none by_pk=name.exact=pk"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const version = "6.1"
			dir := site(t, map[string]string{"accounts/models.py": head + tt.code, "accounts/backends.py": "from django.contrib.auth.backends import ModelBackend as EmailBackend\n"})
			stdout, stderr := run{python: django.Python(t, version), args: []string{"-"}, env: []string{"DJANGO_SETTINGS_MODULE=shop.settings"}}.output(t, dir)
			set, err := djsettings.Read(strings.NewReader(stdout), nil)
			if err != nil || set.Profile.Users == nil {
				t.Fatalf("%v\n%s", err, last(stderr))
			}
			p := set.Profile
			got := map[string]string{
				"pk": p.Users.PK.Kind, "active": flagText(p.Users.Flags["is_active"]), "hash": hashText(p.AuthHash),
				"by_pk": queryText(p.Users, p.Users.Queries.ByPK), "by_name": queryText(p.Users, p.Users.Queries.ByName),
			}
			var links []string
			for _, l := range p.Users.Links {
				links = append(links, l.Table+"."+l.Column+"<-"+l.FromTable+"."+l.FromColumn)
			}
			got["links"] = strings.Join(links, ",")
			for _, v := range p.Vectors {
				if v.Kind == "user_id" {
					got["id"] = v.Output.Reveal()
				}
			}
			for name, text := range got {
				_, rest, told := strings.Cut(" "+tt.want, " "+name+"=")
				if told && !strings.HasPrefix(rest+" ", text+" ") {
					t.Errorf("%s=%s, want %s", name, text, tt.want)
				}
			}
		})
	}
}

func flagText(f *djsettings.ProfileFlag) string {
	switch f.Is {
	case djsettings.FlagConstant:
		return fmt.Sprintf("constant:%v", f.Value)
	case djsettings.FlagCode:
		var answers []string
		for _, a := range f.Answers {
			var values []string
			for _, v := range a.Values {
				values = append(values, v.Text())
			}
			answers = append(answers, fmt.Sprintf("%s:%v", strings.Join(values, ","), a.Answer))
		}
		return fmt.Sprintf("code%v%s", f.Reads, strings.Join(answers, ","))
	}
	return f.Is
}

func hashText(h djsettings.ProfileAuthHash) string {
	switch {
	case h.None:
		return "none"
	case h.Unknown != "":
		return "?"
	}
	var parts []string
	for _, p := range h.Message {
		switch {
		case p.Field == "":
			parts = append(parts, "'"+p.Text+"'")
		case p.As != "":
			parts = append(parts, p.Field+"("+p.As+")")
		default:
			parts = append(parts, p.Field)
		}
	}
	return strings.Join(parts, " ")
}

func queryText(u *djsettings.ProfileUsers, list []djsettings.ProfileQuery) string {
	if len(list) == 0 {
		return "none"
	}
	return whereText(u, list[0].Where)
}

func whereText(u *djsettings.ProfileUsers, w *djsettings.ProfileWhere) string {
	join := func(list []*djsettings.ProfileWhere, with string) string {
		var parts []string
		for _, w := range list {
			text := whereText(u, w)
			if len(w.Or) > 1 {
				text = "(" + text + ")"
			}
			parts = append(parts, text)
		}
		return strings.Join(parts, with)
	}
	switch {
	case w.Unknown != "":
		return "?"
	case w.Not != nil:
		return "!" + whereText(u, w.Not)
	case w.Or != nil:
		return join(w.Or, " | ")
	case w.And != nil:
		return join(w.And, " & ")
	}
	column := w.Column
	if w.Table != u.Table {
		column = w.Table + "." + column
	}
	for _, f := range w.Functions {
		column = f + "(" + column + ")"
	}
	value := w.Asked
	switch {
	case w.Change != "":
		value += ":" + w.Change
	case value == "":
		value = w.Value.Text()
	}
	return column + "." + w.Lookup + "=" + value
}
