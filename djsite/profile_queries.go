package djsite

import (
	"fmt"
	"slices"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// filter returns the conditions of a query besides the one about what was asked. why says
// what cannot be carried over.
func (a *asked) filter(q *djsettings.ProfileQuery, about string) (where []djauth.Condition, why string) {
	where = []djauth.Condition{}
	for _, t := range q.Tables {
		if !slices.Contains(a.tables, t.Table) && !t.Outer {
			return nil, "it looks into " + t.Table
		}
	}
	seen := 0
	for _, w := range flat(q.Where) {
		if w.Asked == about && w.Lookup == "exact" && len(w.Functions)+len(w.ValueFunctions) == 0 {
			seen++
			continue
		}
		c, why := a.condition(w)
		if why != "" {
			return nil, why
		}
		where = append(where, c)
	}
	if seen != 1 {
		return nil, "its query is of another form"
	}
	return where, ""
}

// flat returns the conditions that must all hold.
func flat(w *djsettings.ProfileWhere) (all []*djsettings.ProfileWhere) {
	switch {
	case w == nil:
		all = append(all, &djsettings.ProfileWhere{Unknown: "nothing"})
	case w.And != nil:
		for _, part := range w.And {
			all = append(all, flat(part)...)
		}
	default:
		all = append(all, w)
	}
	return all
}

// condition carries a condition over.
func (a *asked) condition(w *djsettings.ProfileWhere) (c djauth.Condition, why string) {
	const other = "its filter is of another form"
	if w.Not != nil {
		parts := flat(w.Not)
		if len(parts) == 0 || len(parts) > 2 {
			return c, other
		}
		if c, why = a.condition(parts[0]); why != "" || c.Not || c.Is == nil && len(parts) == 2 {
			return c, other
		}
		// exclude keeps NULL, by a second part if there can be one.
		null := true
		for _, f := range a.column {
			if f.Column == c.Column && f.Table == parts[0].Table {
				null = f.Null
			}
		}
		if len(parts) == 2 {
			also, why := a.condition(parts[1])
			if why != "" || also.Column != c.Column || also.Is != nil || !also.Not {
				return c, other
			}
		} else if null && c.Is != nil {
			return c, other
		}
		c.Not = true
		return c, ""
	}
	if w.Unknown != "" || w.Column == "" || len(w.Functions)+len(w.ValueFunctions) > 0 || w.Asked != "" || !slices.Contains(a.tables, w.Table) {
		return c, other
	}
	c.Column = w.Column
	switch value := w.Value.Any(); w.Lookup {
	case "exact":
		switch v := value.(type) {
		case bool, int64, string:
			c.Is = v
			return c, ""
		}
	case "isnull":
		if is, ok := value.(bool); ok {
			c.Not = !is
			return c, ""
		}
	case "in":
		var items []any
		switch v := value.(type) {
		case pyliteral.List:
			items = v
		case pyliteral.Tuple:
			items = v
		}
		for _, item := range items {
			switch item.(type) {
			case int64, string:
			default:
				return c, other
			}
		}
		if len(items) > 0 {
			c.Is = slices.Clone(items)
			return c, ""
		}
	}
	return c, other
}

// lookups tells how the backends that are known find an account. It comes after
// ConfigureAuth, which may know more of them.
func (a *asked) lookups() {
	if len(a.auth.Lookup) > 0 || a.noNames != "" {
		return
	}
	var all []djauth.Lookup
	plain := true
	for _, path := range a.auth.Backends {
		like := a.auth.OwnBackends[path]
		if djauth.KnownBackend(path) {
			like = path
		}
		if known, _ := djauth.WellKnownBackend(path); like == "" && !known { // Authenticate does not pass it
			break
		}
		if like != djauth.ModelBackend && like != djauth.AllowAllUsersModelBackend {
			continue
		}
		queries := a.Queries.ByName
		if a.site(path, "authenticate") != "" {
			queries = a.Queries.Authenticate[path]
		}
		if len(queries) == 0 {
			a.noNames = fmt.Sprintf("the query of %s is not known", path)
			return
		}
		for i := range queries {
			l, why := a.lookup(&queries[i])
			if why != "" {
				a.noNames = fmt.Sprintf("the query of %s: %s", path, why)
				return
			}
			l.Backend, l.IfNone = path, i > 0
			plain = plain && !l.IfNone && !l.IgnoreCase && l.Normalize == nil && fmt.Sprint(l.Where) == fmt.Sprint(a.table.Where) &&
				len(l.Columns) == 1 && l.Columns[0] == a.table.Columns.Username
			all = append(all, l)
		}
	}
	if !plain {
		a.auth.Lookup = all
	}
}

// lookup carries the query for a name over.
func (a *asked) lookup(q *djsettings.ProfileQuery) (l djauth.Lookup, why string) {
	const other = "it is of another form"
	for _, t := range q.Tables {
		if !slices.Contains(a.tables, t.Table) && !t.Outer {
			return l, "it looks into " + t.Table
		}
	}
	found := false
	for _, w := range flat(q.Where) {
		names := []*djsettings.ProfileWhere{w}
		if w.Or != nil {
			names = w.Or
		} else if w.Asked != "name" {
			c, why := a.condition(w)
			if why != "" {
				return l, why
			}
			l.Where = append(l.Where, c)
			continue
		}
		if found {
			return l, other
		}
		found = true
		change := ""
		for i, n := range names {
			parts := flat(n)
			if len(parts) != 1 {
				return l, other
			}
			n = parts[0]
			if n.Asked != "name" || n.Column == "" || len(n.Functions)+len(n.ValueFunctions) > 0 || !slices.Contains(a.tables, n.Table) ||
				n.Lookup != "exact" && n.Lookup != "iexact" || i > 0 && (n.Lookup == "iexact") != l.IgnoreCase || i > 0 && n.Change != change {
				return l, other
			}
			l.Columns, l.IgnoreCase = append(l.Columns, n.Column), n.Lookup == "iexact"
			switch change = n.Change; n.Change {
			case "":
			case "lower":
				l.Normalize = func(name string) string { return cases.Lower(language.Und).String(name) }
			case "upper":
				l.Normalize = func(name string) string { return cases.Upper(language.Und).String(name) }
			case "lower_domain":
				l.Normalize = djauth.NormalizeEmail
			default:
				return l, other
			}
		}
	}
	if !found {
		return l, other
	}
	return l, ""
}
