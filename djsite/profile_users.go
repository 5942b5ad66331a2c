package djsite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/signer"
)

// asked is what the profile of a site says about its users, beside what the Options say.
// The Options come first.
type asked struct {
	*djsettings.ProfileUsers
	profile *djsettings.Profile
	table   *dbusers.Options
	auth    *djauth.Options

	column map[string]*djsettings.ProfileField // by the attribute
	tables []string                            // of the model and its parents
	// questions are what only code decides. Each names the option that answers it.
	questions []string
	notes     []string          // for Warnings
	like      map[string]string // backends whose logins are judged as by one of Django's
	// noNames is why nobody is looked up by name, or "".
	noNames string
}

// askProfile completes the options by what the profile says. It returns nil without one.
func (s *Site) askProfile(table *dbusers.Options, auth *djauth.Options) *asked {
	p := s.Settings.Profile
	if p == nil || p.Users == nil {
		return nil
	}
	a := &asked{ProfileUsers: p.Users, profile: p, table: table, auth: auth, column: map[string]*djsettings.ProfileField{}, tables: []string{p.Users.Table}}
	for _, f := range p.Users.Fields {
		if f != nil {
			a.column[f.Attribute] = f
		}
	}
	a.names()
	a.flags()
	a.key()
	a.manager()
	a.fallbackHash(s.Settings)
	a.hash()
	a.code()
	a.backends()
	return a
}

func (a *asked) question(format string, args ...any) {
	a.questions = append(a.questions, fmt.Sprintf(format, args...))
}

// site returns the class of the site that defines a method of a class, or "".
func (a *asked) site(class, method string) string {
	c := a.profile.Ancestry[class]
	if c == nil {
		return ""
	}
	if by := c.Methods[method]; !strings.HasPrefix(by, "django.") {
		return by
	}
	return ""
}

// names tells the names of tables and columns.
func (a *asked) names() {
	t, c := a.table, &a.table.Columns
	or := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	or(&t.Table, a.Table)
	if t.Parents == nil {
		t.Parents = []dbusers.Parent{}
		links := slices.Clone(a.Links)
		for range a.Links { // each after the table that it leads from
			i := slices.IndexFunc(links, func(l djsettings.ProfileLink) bool { return slices.Contains(a.tables, l.FromTable) })
			if i < 0 {
				break
			}
			l := links[i]
			links = slices.Delete(links, i, i+1)
			t.Parents = append(t.Parents, dbusers.Parent{Table: l.Table, Key: l.Column, Link: l.FromColumn})
			a.tables = append(a.tables, l.Table)
		}
		for _, f := range a.column {
			if !slices.Contains(a.tables, f.Table) { // the links do not lead there
				t.Parents, a.tables = nil, append(a.tables, f.Table)
			}
		}
	}
	or(&c.ID, a.PK.Column)
	field := func(column *string, name string) {
		if f := a.Fields[name]; f != nil {
			or(column, f.Column)
			return
		}
		or(column, dbusers.None)
	}
	field(&c.Username, a.UsernameField)
	field(&c.Password, "password")
	field(&c.Email, "email")
	field(&c.FirstName, "first_name")
	field(&c.LastName, "last_name")
	field(&c.LastLogin, "last_login")
	field(&c.Joined, "date_joined")
	through := func(name string, field *string) {
		p := a.Permissions[name]
		if p == nil {
			or(field, dbusers.None)
			return
		}
		or(field, p.Table)
		or(&t.UserColumn, p.User)
	}
	if a.Permissions != nil {
		through("groups", &t.GroupsTable)
		through("user_permissions", &t.PermissionsTable)
	}
}

// flags tells is_active, is_staff and is_superuser.
func (a *asked) flags() {
	c := &a.table.Columns
	for _, is := range []struct {
		name, option string
		column       *string
		code         *func(*djauth.Account) bool
		absent       bool // what the flag is if the model has none
	}{
		{"is_active", "Active", &c.Active, &a.table.Active, true},
		{"is_staff", "Staff", &c.Staff, &a.table.Staff, false},
		{"is_superuser", "Superuser", &c.Superuser, &a.table.Superuser, false},
	} {
		if *is.column != "" || *is.code != nil {
			continue
		}
		constant := func(value bool) {
			*is.column = dbusers.None
			if value != is.absent {
				*is.code = func(*djauth.Account) bool { return value }
			}
		}
		f := a.Flags[is.name]
		switch {
		case f != nil && f.Is == djsettings.FlagColumn:
			*is.column = f.Column
		case f != nil && f.Is == djsettings.FlagConstant:
			constant(f.Value)
		case f != nil && f.Is == djsettings.FlagAbsent:
			constant(is.absent)
		case f != nil && f.Is == djsettings.FlagCode && len(f.Answers) > 0 && a.answers(f):
			*is.column, *is.code = dbusers.None, a.answer(f)
		case is.name == "is_active":
			a.question("is_active is code: djsite.Options.UserTable says in %s what it does", is.option)
		case f != nil: // a column of this name is not what Django asks
			*is.column = dbusers.None
			a.notes = append(a.notes, fmt.Sprintf("%s is code: here nobody is, until djsite.Options.UserTable says who is, in %s.", is.name, is.option))
		}
	}
}

// answers reports whether the columns of a flag can be read, and reads them.
func (a *asked) answers(f *djsettings.ProfileFlag) bool {
	for _, name := range f.Reads {
		field := a.column[name]
		if field == nil {
			return false
		}
		a.read(field.Column)
	}
	return true
}

// read adds a column to those of Account.Extra.
func (a *asked) read(column string) {
	if !slices.Contains(a.table.Extra, column) {
		a.table.Extra = append(slices.Clip(a.table.Extra), column)
	}
}

// answer returns a flag that the probe has worked out for each combination of values. A row
// with other values has it not.
func (a *asked) answer(f *djsettings.ProfileFlag) func(*djauth.Account) bool {
	return func(account *djauth.Account) bool {
		for _, row := range f.Answers {
			fits := len(row.Values) == len(f.Reads)
			for i := range row.Values {
				fits = fits && same(account, a.column[f.Reads[i]].Column, row.Values[i].Any())
			}
			if fits {
				return row.Answer
			}
		}
		return false
	}
}

// same reports whether a column of an account holds a value of Python.
func same(a *djauth.Account, column string, value any) bool {
	has := a.Extra[column]
	switch v := value.(type) {
	case nil:
		return has == nil
	case bool:
		return has != nil && a.Flag(column) == v
	case int64:
		switch has := has.(type) {
		case int64:
			return has == v
		case int32:
			return int64(has) == v
		case int16:
			return int64(has) == v
		}
	case string:
		return has == v
	}
	return false
}

// key looks at the primary key.
func (a *asked) key() {
	if a.table.ToColumn != nil || len(a.PK.Methods) == 0 {
		return
	}
	a.question("the primary key %s is a %s, which converts its values: djsite.Options.UserTable says how, in ToColumn and FromColumn", a.PK.Name, a.PK.Class)
}

// manager carries the filter of the default manager over.
func (a *asked) manager() {
	if a.table.Where != nil {
		return
	}
	why := "it is not known"
	if qs := a.Queries.ByPK; len(qs) == 1 {
		var where []djauth.Condition
		if where, why = a.filter(&qs[0], "pk"); why == "" {
			a.table.Where = where
			return
		}
	}
	a.question("the default manager %s may hide users (%s): djsite.Options.UserTable says which, in Where", a.Manager.Default, why)
}

// hash tells what get_session_auth_hash does.
func (a *asked) hash() {
	h := a.profile.AuthHash
	if !a.auth.AuthHash.IsZero() {
		return
	}
	if h.None {
		a.auth.AuthHash.None = true
		return
	}
	if h.Unknown != "" || h.Salt == "" || len(h.Message) == 0 {
		a.question("get_session_auth_hash of %s is not known (%s): djsite.Options.AuthHash says what it does", h.By, h.Unknown)
		return
	}
	djangos := strings.HasPrefix(h.By, "django.")
	if djangos && h.Salt == djangosHashSalt && len(h.Message) == 1 && h.Message[0].Field == "password" {
		return
	}
	own := djauth.AuthHash{Salt: h.Salt, Algorithm: h.Algorithm, Fallbacks: djangos}
	for _, part := range h.Message {
		if part.Field == "" {
			continue
		}
		f := a.column[part.Field]
		switch {
		case f == nil, part.As != "" && part.As != "int" && part.As != "bool" && part.As != "str" && part.As != "unicode":
			a.question("get_session_auth_hash of %s is made of %s: djsite.Options.AuthHash says how, in Text", h.By, part.Field)
			return
		case f.Column == a.table.Columns.Password:
		default:
			a.read(f.Column)
		}
	}
	own.Text = a.message(h.Message)
	a.auth.AuthHash = own
}

const djangosHashSalt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"

// message returns the text that is hashed, "" for an account with NULL in a field.
func (a *asked) message(parts []djsettings.ProfileHashPart) func(*djauth.Account) string {
	return func(account *djauth.Account) string {
		var b strings.Builder
		for _, p := range parts {
			if p.Field == "" {
				b.WriteString(p.Text)
				continue
			}
			column := a.column[p.Field].Column
			if column == a.table.Columns.Password {
				b.WriteString(account.Password.Reveal())
				continue
			}
			switch v := account.Extra[column].(type) {
			case nil:
				return ""
			case string:
				b.WriteString(v)
			case bool:
				b.WriteString(pythonBool(v))
			default:
				if p.As == "bool" {
					b.WriteString(pythonBool(account.Flag(column)))
				} else {
					fmt.Fprint(&b, v)
				}
			}
		}
		return b.String()
	}
}

func pythonBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// fallbackHash looks at get_session_auth_fallback_hash, which Django asks for sessions whose
// hash does not fit, from 4.1 on.
func (a *asked) fallbackHash(set *djsettings.Settings) {
	by := a.site(a.Class, "get_session_auth_fallback_hash")
	if h := a.auth.AuthHash; by == "" || set.Django.Before(4, 1) || h.Sums != nil || h.Fallbacks || h.None {
		return
	}
	keys, err := set.Keys.Derive(djangosHashSalt, signer.SHA256)
	if err == nil && len(keys) > 1 { // Go would try them
		a.question("get_session_auth_fallback_hash of %s is the site's own code: djsite.Options.AuthHash says, in Sums, what it and get_session_auth_hash return", by)
		return
	}
	a.notes = append(a.notes, fmt.Sprintf("get_session_auth_fallback_hash of %s is the site's own code: a session whose hash only that method knows is anonymous here, until djsite.Options.AuthHash says, in Sums, what it returns.", by))
}

// code looks at methods of the model by which Django decides.
func (a *asked) code() {
	for _, name := range []string{"has_perm", "has_perms", "has_module_perms", "get_all_permissions"} {
		a.auth.OwnHasPerm = a.auth.OwnHasPerm || a.site(a.Class, name) != ""
	}
	for _, name := range []string{"is_authenticated", "is_anonymous", "from_db"} {
		if by := a.site(a.Class, name); by != "" {
			a.question("%s of %s is the site's own code: djauth.Options.Judge, in djsite.Options.ConfigureAuth, says what it does", name, by)
		}
	}
	if by := a.site(a.Class, "check_password"); by != "" {
		a.noNames = fmt.Sprintf("check_password of %s is the site's own code", by)
	}
}
