package bench

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

// The servers in Go of the rows about whole requests. Each is this program, as a process of
// its own.

// serveIfAsked turns this program into the server that BENCH_SERVE names.
func serveIfAsked() {
	kind := os.Getenv("BENCH_SERVE")
	if kind == "" {
		return
	}
	handler, err := handlers[kind](context.Background())
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	if file := os.Getenv("BENCH_PROFILE"); file != "" {
		f, err := os.Create(fmt.Sprintf("%s-%s-%d", file, kind, os.Getpid()))
		if err != nil {
			log.Fatal(err)
		}
		pprof.StartCPUProfile(f)
	}
	go func() { // this process ends with the test
		io.Copy(io.Discard, os.Stdin)
		pprof.StopCPUProfile()
		os.Exit(0)
	}()
	log.Fatal(http.Serve(l, handler))
}

var handlers = map[string]func(context.Context) (http.Handler, error){
	"site": siteHandler,
	"statements": func(ctx context.Context) (http.Handler, error) {
		b, err := newBare(ctx)
		return http.HandlerFunc(b.visit), err
	},
	"nothing": func(context.Context) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ada 1") }), nil
	},
}

// siteHandler is the library, as djsite opens it.
func siteHandler(ctx context.Context) (http.Handler, error) {
	set, err := djsettings.ReadFile(os.Getenv("BENCH_SETTINGS"), &djsettings.Options{})
	if err != nil {
		return nil, err
	}
	cache, err := time.ParseDuration(os.Getenv("BENCH_USER_CACHE"))
	if err != nil {
		return nil, err
	}
	site, err := djsite.Open(ctx, set, &djsite.Options{UserCache: cache})
	if err != nil {
		return nil, err
	}
	return site.Middleware(http.HandlerFunc(visit)), nil
}

func visit(w http.ResponseWriter, r *http.Request) {
	id, err := djauth.User(r.Context())
	var s *djsession.Session
	if err == nil {
		s, err = djsession.Load(r.Context())
	}
	n := 0
	if err == nil {
		n, err = djsession.Value(s, "visits", 0)
	}
	if err == nil {
		err = s.Set("visits", n+1)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "%s %d", id.Name(), n+1)
}

// bare sends the statements of a visit and makes nothing of them: it decodes and signs
// nothing, and writes back what it read. It is the bound of what a
// library can reach with pgx, go-redis and net/http.
type bare struct {
	pool  *pgxpool.Pool
	redis *redis.Client // nil: the session is in PostgreSQL
}

// inCache begins the keys of the engine of caches in a Redis.
const inCache = ":1:django.contrib.sessions.cache"

func newBare(ctx context.Context) (*bare, error) {
	b := &bare{}
	var err error
	b.pool, err = pgxpool.New(ctx, os.Getenv("BENCH_POSTGRES"))
	if addr := os.Getenv("BENCH_REDIS"); addr != "" {
		b.redis = redis.NewClient(&redis.Options{Addr: addr, Protocol: 2})
	}
	return b, err
}

func (b *bare) visit(w http.ResponseWriter, r *http.Request) {
	name := ""
	cookie, err := r.Cookie("sessionid")
	if err == nil {
		name, err = b.run(r.Context(), cookie.Value)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	io.WriteString(w, name+" 1")
}

func (b *bare) run(ctx context.Context, key string) (name string, err error) {
	var text string
	var ends time.Time
	if b.redis != nil {
		text, err = b.redis.Get(ctx, inCache+key).Result()
	} else {
		err = b.pool.QueryRow(ctx, "SELECT session_data, expire_date FROM django_session WHERE session_key = $1", key).Scan(&text, &ends)
	}
	if err != nil {
		return "", err
	}
	var password string
	var active bool
	err = b.pool.QueryRow(ctx, "SELECT username, password, is_active FROM auth_user WHERE id = $1", 1).Scan(&name, &password, &active)
	if err != nil {
		return "", err
	}
	if b.redis != nil {
		return name, b.redis.Set(ctx, inCache+key, text, 14*24*time.Hour).Err()
	}
	_, err = b.pool.Exec(ctx, "UPDATE django_session SET session_data = $1, expire_date = $2 WHERE session_key = $3", text, ends, key)
	return name, err
}
