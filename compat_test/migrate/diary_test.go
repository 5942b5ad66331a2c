package migrate_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession/movingstore"
)

// A run that lost somebody explains itself: for each of them the test prints what he did,
// and who took his session from either engine, in the order of time.

// step is a request of a visitor.
type step struct {
	began, took time.Duration // since the site began
	what        string
}

// took notes a request of v, whose lock is held.
func (v *visitor) took(c crowd, do string, began time.Time, n int64, ok bool, err error) {
	what := fmt.Sprintf("%s by %s: found n = %d", do, c.who, n)
	switch {
	case err != nil:
		what = fmt.Sprintf("%s by %s: %v", do, c.who, err)
	case !ok:
		what = fmt.Sprintf("%s by %s: found nobody", do, c.who)
	}
	v.steps = append(v.steps, step{began.Sub(begun), time.Since(began), what})
}

// begun is when the test began, which all moments in a diary are counted from.
var begun = time.Now()

// milestone notes what became of the site.
func (w *world) milestone(what string) {
	w.storyMu.Lock()
	defer w.storyMu.Unlock()
	w.story = append(w.story, fmt.Sprintf("\t%8.3fs %s", time.Since(begun).Seconds(), what))
}

// told is all milestones.
func (w *world) told() string {
	w.storyMu.Lock()
	defer w.storyMu.Unlock()
	return strings.Join(w.story, "\n")
}

// diary knows who took which session from either engine.
type diary struct {
	w    *world
	pool *pgxpool.Pool

	mu   sync.Mutex
	gone map[string][]time.Duration // from the new engine, by session key
}

// keepDiary begins a diary. A trigger notes what is deleted from the old engine and the
// server of the new one tells what is deleted there.
func (w *world) keepDiary(pool *pgxpool.Pool, client *redis.Client) *diary {
	w.t.Helper()
	d := &diary{w: w, pool: pool, gone: map[string][]time.Duration{}}
	for _, s := range []string{
		"CREATE TABLE gone (session_key text, at timestamptz, who text)",
		"CREATE FUNCTION note_gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " +
			"INSERT INTO gone VALUES (OLD.session_key, clock_timestamp(), current_setting('application_name')); RETURN OLD; END $$",
		"CREATE TRIGGER note_gone AFTER DELETE ON django_session FOR EACH ROW EXECUTE FUNCTION note_gone()",
	} {
		if _, err := pool.Exec(w.t.Context(), s); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := client.ConfigSet(w.t.Context(), "notify-keyspace-events", "Egx").Err(); err != nil {
		w.t.Fatal(err)
	}
	events := client.PSubscribe(w.t.Context(), "__keyevent@*__:del", "__keyevent@*__:expired")
	if _, err := events.Receive(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { events.Close() })
	go func() {
		for m := range events.Channel(redis.WithChannelSize(10_000)) {
			key := m.Payload[max(0, len(m.Payload)-32):]
			d.mu.Lock()
			d.gone[key] = append(d.gone[key], time.Since(begun))
			d.mu.Unlock()
		}
	}()
	return d
}

// of is what is known about a visitor, with the journal's view.
func (d *diary) of(v *visitor, journal *sql.DB) string {
	var lines []string
	for _, s := range v.steps {
		lines = append(lines, fmt.Sprintf("\t%8.3fs (for %.3fs) %s", s.began.Seconds(), s.took.Seconds(), s.what))
	}
	rows, err := d.pool.Query(d.w.t.Context(), "SELECT at, who FROM gone WHERE session_key = $1", v.key)
	if err != nil {
		return err.Error()
	}
	defer rows.Close()
	for rows.Next() {
		var at time.Time
		var who string
		if err := rows.Scan(&at, &who); err != nil {
			return err.Error()
		}
		lines = append(lines, fmt.Sprintf("\t%8.3fs deleted from the old engine by %q", at.Sub(begun).Seconds(), who))
	}
	if err := rows.Err(); err != nil {
		return err.Error()
	}
	d.mu.Lock()
	for _, at := range d.gone[v.key] {
		lines = append(lines, fmt.Sprintf("\t%8.3fs deleted from the new engine", at.Seconds()))
	}
	d.mu.Unlock()
	hash := movingstore.JournalKey(v.key)
	var seen int64
	switch err := journal.QueryRow("SELECT seen FROM copied WHERE key = ?", hash[:]).Scan(&seen); {
	case err == nil:
		lines = append(lines, fmt.Sprintf("\tthe journal: copied, seen %d", seen))
	case errors.Is(err, sql.ErrNoRows):
		lines = append(lines, "\tthe journal: not copied")
	default:
		return err.Error()
	}
	return fmt.Sprintf("\tsession %s..., late %t, both %t\n", v.key[:8], v.late, v.both) + strings.Join(lines, "\n")
}
