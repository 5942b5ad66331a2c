package djsite

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsettings"
)

// TestCarriedOver checks which queries of a profile are carried over, and that every other
// one is refused and never shortened.
func TestCarriedOver(t *testing.T) {
	const pk = `{"table": "u", "column": "id", "lookup": "exact", "asked": "pk"}`
	const name = `{"table": "u", "column": "name", "lookup": "exact", "asked": "name"}`
	const email = `{"table": "p", "column": "email", "lookup": "iexact", "asked": "name", "change": "lower"}`
	col := func(column, lookup, value string) string {
		return fmt.Sprintf(`{"table": "u", "column": %q, "lookup": %q, "value": %s}`, column, lookup, value)
	}
	and := func(parts ...string) string { return `{"and": [` + strings.Join(parts, ", ") + `]}` }
	or := func(parts ...string) string { return `{"or": [` + strings.Join(parts, ", ") + `]}` }
	not := func(part string) string { return `{"not": ` + part + `}` }
	const other, refused = `, {"alias": "T3", "table": "card", "from": "u", "on": [["id", "user_id"]]}`, "refused"
	for _, test := range []struct{ where, tables, want string }{
		{pk, "", `[]`},
		{and(pk), "", `[]`},
		{and(pk, col("gone", "isnull", "true")), "", `[{gone <nil> false}]`},
		{and(pk, col("gone", "isnull", "false")), "", `[{gone <nil> true}]`},
		{and(col("dead", "exact", "false"), pk), "", `[{dead false false}]`},
		{and(and(col("level", "exact", "3")), and(and(pk))), "", `[{level 3 false}]`},
		{and(pk, col("status", "in", `["a", "b"]`)), "", `[{status [a b] false}]`},
		{and(pk, not(and(col("status", "exact", `"x"`), col("status", "isnull", "false")))), "", `[{status x true}]`},
		{and(pk, not(and(col("sure", "exact", `"x"`)))), "", `[{sure x true}]`}, // NOT NULL
		{and(pk, not(and(col("gone", "isnull", "false")))), "", refused},
		{pk, `, {"alias": "T3", "table": "card", "from": "u", "outer": true}`, `[]`},

		{and(pk, not(and(col("status", "exact", `"x"`)))), "", refused},                                          // it may be NULL
		{and(pk, not(and(col("status", "exact", `"x"`), col("other", "isnull", "false")))), "", refused},         // of another column
		{and(pk, not(and(col("a", "exact", "1"), col("b", "exact", "1"), col("c", "exact", "1")))), "", refused}, // of several
		{pk, other, refused},
		{and(pk, `{"table": "card", "column": "valid", "lookup": "exact", "value": true}`), "", refused},
		{and(pk, or(col("a", "exact", "1"), col("b", "exact", "1"))), "", refused},
		{and(pk, col("until", "gt", `{"$datetime": "2026-01-01T00:00:00"}`)), "", refused},
		{and(pk, col("level", "exact", `{"$float": "1.5"}`)), "", refused},
		{and(pk, col("level", "exact", "null")), "", refused},
		{and(pk, col("level", "in", "[]")), "", refused},
		{and(pk, col("level", "in", "[null]")), "", refused},
		{and(pk, `{"table": "u", "column": "a", "lookup": "exact", "functions": ["Lower"], "value": "x"}`), "", refused},
		{and(pk, `{"unknown": "django.db.models.Exists"}`), "", refused},
		{and(pk, pk), "", refused},
		{not(pk), "", refused},
		{or(pk, col("a", "exact", "1")), "", refused},
		{and(), "", refused},
		{"null", "", refused},
		{and(pk, "null"), "", refused},
		{or(name, "null"), "", refused},

		{name, "", `name [name] false`},
		{and(name, col("tenant", "exact", "1")), "", `name [name] false [{tenant 1 false}]`},
		{email, "", `name [email] true normalized`},
		{and(or(name, and(`{"table": "p", "column": "email", "lookup": "exact", "asked": "name"}`))), "", `name [name email] false`},
		{or(name, email), "", refused}, // exact or iexact
		{or(name, col("tenant", "exact", "1")), "", refused},
		{and(name, name), "", refused},
		{`{"table": "u", "column": "name", "lookup": "contains", "asked": "name"}`, "", refused},
		{`{"table": "u", "column": "name", "lookup": "exact", "asked": "name", "change": "soundex"}`, "", refused},
		{`{"table": "u", "column": "name", "lookup": "exact", "asked": "name", "functions": ["Lower"], "value_functions": ["Lower"]}`, "", refused},
		{`{"table": "card", "column": "name", "lookup": "exact", "asked": "name"}`, "", refused},
	} {
		var q djsettings.ProfileQuery
		if err := json.Unmarshal([]byte(`{"tables": [{"alias": "u", "table": "u"}, {"alias": "p", "table": "p", "from": "u"}`+test.tables+`], "where": `+test.where+`}`), &q); err != nil {
			t.Fatalf("%s: %v", test.where, err)
		}
		fields := map[string]*djsettings.ProfileField{"sure": {Column: "sure", Table: "u"}, "status": {Column: "status", Table: "u", Null: true}}
		a := &asked{
			column:       fields,
			ProfileUsers: &djsettings.ProfileUsers{Fields: fields},
			table:        new(dbusers.Options), auth: new(djauth.Options), tables: []string{"u", "p"},
		}
		got, why := "", ""
		var where []djauth.Condition
		if strings.Contains(test.where, `"name"`) && !strings.Contains(test.where, `"pk"`) {
			var l djauth.Lookup
			if l, why = a.lookup(&q); why == "" {
				got = fmt.Sprint("name ", l.Columns, " ", l.IgnoreCase)
				if l.Normalize != nil {
					got += " normalized"
				}
				if len(l.Where) > 0 {
					got += fmt.Sprint(" ", l.Where)
				}
			}
		} else if where, why = a.filter(&q, "pk"); why == "" {
			got = fmt.Sprint(where)
		}
		if why != "" {
			got = refused
		}
		if got != test.want {
			t.Errorf("%s %s: got %s (%s), want %s", test.where, test.tables, got, why, test.want)
		}
	}
}

// TestLookups checks which backend has which query, and that a well-known one in front hides
// none of them.
func TestLookups(t *testing.T) {
	const model, mail, rules, other = djauth.ModelBackend, "accounts.backends.EmailBackend", "rules.permissions.ObjectPermissionBackend", "accounts.backends.Other"
	const name, iexact, email = `{"table": "u", "column": "name", "lookup": "exact", "asked": "name"}`,
		`{"table": "u", "column": "name", "lookup": "iexact", "asked": "name"}`, `{"table": "u", "column": "email", "lookup": "exact", "asked": "name"}`
	byMail := fmt.Sprintf(`%s [email]`, mail)
	for _, test := range []struct {
		backends string
		byName   string // the query of the manager
		want     string
	}{
		{model, name, ""},
		{model, iexact, model + " [name]"},
		{model + " " + mail, name, model + " [name], " + byMail + ", " + mail + " [name] IfNone"},
		{mail + " " + model, name, byMail + ", " + mail + " [name] IfNone, " + model + " [name]"},
		{rules + " " + model, iexact, model + " [name]"},
		{model + " " + rules + " " + mail, name, model + " [name], " + byMail + ", " + mail + " [name] IfNone"},
		{model + " " + other + " " + mail, iexact, model + " [name]"},
		{djauth.RemoteUserBackend + " " + mail, name, byMail + ", " + mail + " [name] IfNone"},
	} {
		query := func(where string) (q djsettings.ProfileQuery) {
			if err := json.Unmarshal([]byte(`{"tables": [{"alias": "u", "table": "u"}], "where": `+where+`}`), &q); err != nil {
				t.Fatal(err)
			}
			return q
		}
		a := &asked{
			profile: &djsettings.Profile{Ancestry: map[string]*djsettings.Ancestry{mail: {Methods: map[string]string{"authenticate": mail}}}},
			ProfileUsers: &djsettings.ProfileUsers{Queries: djsettings.ProfileQueries{
				ByName:       []djsettings.ProfileQuery{query(test.byName)},
				Authenticate: map[string][]djsettings.ProfileQuery{mail: {query(email), query(name)}},
			}},
			table:  &dbusers.Options{Columns: dbusers.Columns{Username: "name"}},
			auth:   &djauth.Options{Backends: strings.Fields(test.backends), OwnBackends: map[string]string{mail: model}},
			tables: []string{"u"},
		}
		a.lookups()
		var got []string
		for _, l := range a.auth.Lookup {
			text := fmt.Sprint(l.Backend, " ", l.Columns)
			if l.IfNone {
				text += " IfNone"
			}
			got = append(got, text)
		}
		if a.noNames != "" || strings.Join(got, ", ") != test.want {
			t.Errorf("%s: got %q (%s), want %q", test.backends, got, a.noNames, test.want)
		}
	}
}
