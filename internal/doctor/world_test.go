package doctor_test

import (
	"database/sql"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

// secret is the SECRET_KEY of all projects.
const secret = "doctor-secret-key-0123456789-0123456789-0123456789"

// project is a small Django site. Words in braces in its settings are replaced.
type project struct {
	django   string // version
	settings string
	modules  map[string]string
	opts     djsettings.Options
	parts    djsite.Options
}

const common = `import os
BASE_DIR = os.path.dirname(os.path.abspath(__file__))
SECRET_KEY = '` + secret + `'
ALLOWED_HOSTS = ['*']
ROOT_URLCONF = 'urls'
INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth', 'django.contrib.sessions', 'django.contrib.messages']
MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware', 'django.middleware.csrf.CsrfViewMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware', 'django.contrib.messages.middleware.MessageMiddleware']
PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']
USE_TZ = True
TIME_ZONE = 'Asia/Tehran'
DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': os.path.join(BASE_DIR, 'db.sqlite3')}}
`

const (
	cacheEngine    = "SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\n"
	cachedDBEngine = "SESSION_ENGINE = 'django.contrib.sessions.backends.cached_db'\n"
)

// own are the modules of a site with an engine of its own.
var own = map[string]string{"own/__init__.py": "", "own/engine.py": `from django.contrib.sessions.backends.db import SessionStore as Base
class OwnStore(Base):
    @classmethod
    def get_model_class(cls):
        from own.models import OwnSession
        return OwnSession
SessionStore = OwnStore
`, "own/models.py": `from django.contrib.sessions.base_session import AbstractBaseSession
class OwnSession(AbstractBaseSession):
    class Meta:
        db_table = 'own_table'
        app_label = 'own'
`}

// projects are all sites of the tests. Each keeps its sessions in another place.
var projects = map[string]project{
	"db":        {django: "5.2"},
	"db 6.1":    {django: "6.1"},
	"db 2.2":    {django: "2.2"},
	"local":     {django: "5.2", settings: "USE_TZ = False\n"},
	"sha1":      {django: "3.2", settings: "DEFAULT_HASHING_ALGORITHM = 'sha1'\n"},
	"pickle":    {django: "4.2", settings: "SESSION_SERIALIZER = 'django.contrib.sessions.serializers.PickleSerializer'\n"},
	"file":      {django: "5.2", settings: "SESSION_ENGINE = 'django.contrib.sessions.backends.file'\nSESSION_FILE_PATH = os.path.join(BASE_DIR, 'sessions')\n"},
	"signed":    {django: "5.2", settings: "SESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'\n"},
	"locmem":    {django: "5.2", settings: cacheEngine},
	"cache":     {django: "5.2", settings: cacheEngine + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://{redis}/1', 'KEY_PREFIX': 'site'}}\n"},
	"cached_db": {django: "6.1", settings: cachedDBEngine + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://{redis}/2', 'KEY_PREFIX': 'site', 'VERSION': 3}}\n"},
	"function": {django: "5.2", settings: cacheEngine + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://{redis}/3', 'KEY_FUNCTION': 'keys.make'}}\n",
		modules: map[string]string{"keys.py": "def make(key, prefix, version):\n    return 'own|%s|%s|%s' % (prefix, version, key)\n"},
		opts: djsettings.Options{KeyFunctions: map[string]djsettings.KeyFunction{"keys.make": {Key: func(name, prefix string, version int) string {
			return fmt.Sprintf("own|%s|%d|%s", prefix, version, name)
		}}}}},
	"django_redis": {django: "6.1", settings: cacheEngine + `CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://{redis}/4', 'OPTIONS': {
    'COMPRESSOR': 'django_redis.compressors.zlib.ZlibCompressor', 'SERIALIZER': 'django_redis.serializers.json.JSONSerializer'}}}
`},
	"redis_sessions": {django: "5.2", settings: "SESSION_ENGINE = 'redis_sessions.session'\nSESSION_REDIS = {'host': '127.0.0.1', 'port': {redis_port}, 'db': 5, 'prefix': 'session', 'socket_timeout': 5}\n"},
	"memcached":      {django: "5.2", settings: cacheEngine + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': ['{memcached}', '{memcached2}'], 'KEY_PREFIX': 'site'}}\n"},
	"pylibmc":        {django: "3.2", settings: cacheEngine + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached.PyLibMCCache', 'LOCATION': ['{memcached}', '{memcached2}']}}\n"},
	"cache table":    {django: "5.2", settings: cacheEngine + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.db.DatabaseCache', 'LOCATION': 'site_cache', 'KEY_PREFIX': 'site'}}\n"},
	"cache files":    {django: "5.2", settings: cacheEngine + "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache', 'LOCATION': os.path.join(BASE_DIR, 'cache'), 'VERSION': 2}}\n"},
	"own": {django: "5.2", settings: "SESSION_ENGINE = 'own.engine'\nINSTALLED_APPS += ['own']\n", modules: own,
		opts: djsettings.Options{Engines: map[string]djsettings.CustomEngine{"own.engine": {Base: string(djsettings.EngineDB), StoreClass: "OwnStore", Table: "own_table"}}}},
	"member": {django: "5.2", settings: "AUTH_USER_MODEL = 'own.Member'\nINSTALLED_APPS += ['own']\n",
		modules: map[string]string{"own/__init__.py": "", "own/models.py": `import uuid
from django.contrib.auth.models import AbstractUser
from django.db import models
class Member(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    class Meta:
        db_table = 'members'
`}, parts: djsite.Options{UserTable: &dbusers.Options{Table: "members"}}, opts: djsettings.Options{UserModels: map[string]string{"own.Member": "auth.User"}}},
	"hash": {django: "5.2", settings: "AUTH_USER_MODEL = 'own.Hashed'\nINSTALLED_APPS += ['own']\n",
		modules: map[string]string{"own/__init__.py": "", "own/models.py": `from django.contrib.auth.models import AbstractUser
from django.utils.crypto import salted_hmac
class Hashed(AbstractUser):
    def get_session_auth_hash(self):
        return salted_hmac('own', self.password, algorithm='sha256').hexdigest()
`}, parts: djsite.Options{AuthHash: djauth.AuthHash{Salt: "own", Algorithm: "sha256", Fields: []string{"password"}}}, opts: djsettings.Options{UserModels: map[string]string{"own.Hashed": "auth.User"}}},
	"user_sessions": {django: "5.2", settings: "SESSION_ENGINE = 'user_sessions.backends.db'\nINSTALLED_APPS += ['user_sessions']\nMIDDLEWARE[0] = 'user_sessions.middleware.SessionMiddleware'\n"},
	"qsessions": {django: "5.2", settings: "SESSION_ENGINE = 'qsessions.backends.cached_db'\nINSTALLED_APPS += ['qsessions']\nMIDDLEWARE[0] = 'qsessions.middleware.SessionMiddleware'\n" +
		"CACHES = {'default': {'BACKEND': 'django_redis.cache.RedisCache', 'LOCATION': 'redis://{redis}/7'}}\n"},
	"postgresql": {django: "5.2", settings: "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'site', 'USER': '{pg_user}', 'HOST': '127.0.0.1', 'PORT': '{pg_port}', 'OPTIONS': {'sslmode': 'disable'}}}\n"},
	"mysql": {django: "5.2", settings: `DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'NAME': 'site', 'USER': 'web', 'PASSWORD': 'mysql-password', 'HOST': '127.0.0.1', 'PORT': {my_port}}}
`},
}

// site is a running project.
type site struct {
	project
	dir      string
	settings string // the output of diffsettings
	seen     login  // a logged-in user
	theirs   *django.Django
}

//go:embed testdata/driver.py
var driverPy string

// login is the browser's state.
type login struct{ Cookie, Set, Key, Again string }

// start starts a project. It ends with the test.
func start(t *testing.T, name string) *site {
	t.Helper()
	p, ok := projects[name]
	if !ok {
		t.Fatalf("there is no project %q", name)
	}
	django.Python(t, p.django) // report a missing Django before a server starts
	s := &site{project: p, dir: t.TempDir()}
	writeFile(t, filepath.Join(s.dir, "settings.py"), servers(t, common+p.settings))
	copyFile(t, filepath.Join("testdata", "urls.py"), filepath.Join(s.dir, "urls.py"))
	for name, text := range p.modules {
		writeFile(t, filepath.Join(s.dir, name), text)
	}
	for _, sub := range []string{"sessions", "cache"} {
		if err := os.Mkdir(filepath.Join(s.dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.theirs = django.Start(t, django.Site{Version: p.django, Dir: s.dir, Code: driverPy})
	s.theirs.Call(t, "tables", nil, nil)
	s.theirs.Call(t, "diff", django.Args{"options": django.Args{"all": true}}, &s.settings)
	s.seen = s.login(t, "ada")
	return s
}

// servers replaces the names of servers in settings with their addresses.
func servers(t *testing.T, text string) string {
	words := map[string]string{}
	if strings.Contains(text, "{redis") {
		s := testserver.Redis(t)
		words["{redis}"], words["{redis_port}"] = s.Addr(), strconv.Itoa(s.Port)
	}
	if strings.Contains(text, "{memcached") {
		all := testserver.Memcacheds(t, 2)
		words["{memcached}"], words["{memcached2}"] = all[0].Addr(), all[1].Addr()
	}
	if strings.Contains(text, "{pg_port}") {
		s := testserver.PostgreSQL(t)
		words["{pg_user}"], words["{pg_port}"] = s.User, strconv.Itoa(s.Port)
		execSQL(t, "pgx", fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", s.User, s.Addr()), "CREATE DATABASE site")
	}
	if strings.Contains(text, "{my_port}") {
		s := testserver.MariaDB(t)
		words["{my_port}"] = strconv.Itoa(s.Port)
		root := fmt.Sprintf("%s@tcp(%s)/", s.User, s.Addr())
		execSQL(t, "mysql", root, "CREATE DATABASE site CHARACTER SET utf8mb4")
		execSQL(t, "mysql", root, "CREATE USER web@'%' IDENTIFIED BY 'mysql-password'")
		execSQL(t, "mysql", root, "GRANT ALL ON *.* TO web@'%'")
	}
	for word, value := range words {
		text = strings.ReplaceAll(text, word, value)
	}
	return text
}

func (s *site) login(t *testing.T, name string) (l login) {
	t.Helper()
	s.theirs.Call(t, "visit", django.Args{"name": name}, &l)
	return l
}

// run runs Python in the project, and returns the variable result.
func (s *site) run(t *testing.T, code string) (answer any) {
	t.Helper()
	s.theirs.Exec(t, code, nil, &answer)
	return answer
}

// with returns the settings with some of them replaced. changes are pairs of a name and a
// Python literal.
func (s *site) with(changes ...string) string {
	text := s.settings
	for i := 0; i < len(changes); i += 2 {
		line := changes[i] + " = " + changes[i+1]
		was := regexp.MustCompile(`(?m)^(### )?` + changes[i] + ` = .*$`)
		if was.MatchString(text) {
			text = was.ReplaceAllLiteralString(text, line)
		} else {
			text += line + "  ###\n"
		}
	}
	return text
}

// replace returns the settings with a part of the text replaced. The part must exist.
func (s *site) replace(t *testing.T, old, new string) string {
	t.Helper()
	if !strings.Contains(s.settings, old) {
		t.Fatalf("the settings have no %s", old)
	}
	return strings.ReplaceAll(s.settings, old, new)
}

// read reads settings as the doctor's caller does.
func (s *site) read(t *testing.T, text string, opts djsettings.Options) *djsettings.Settings {
	t.Helper()
	if opts.Dir == "" {
		opts.Dir = s.dir
	}
	set, err := djsettings.Read(strings.NewReader(text), &opts)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func writeFile(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, to, string(b))
}

func execSQL(t testing.TB, driver, dsn string, statements ...string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}
