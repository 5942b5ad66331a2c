package dbusers

import "github.com/go-djsession/go-djsession/internal/userstable"

// of returns o as an Options of package userstable.
func (o *Options) of() userstable.Options {
	if o == nil {
		return userstable.Options{}
	}
	t := userstable.Options{
		Model: o.Model, ID: o.ID, Table: o.Table, GroupsTable: o.GroupsTable, PermissionsTable: o.PermissionsTable,
		UserColumn: o.UserColumn, Schema: o.Schema, Columns: userstable.Columns(o.Columns), Extra: o.Extra, Where: o.Where,
		Active: o.Active, Staff: o.Staff, Superuser: o.Superuser, ToColumn: o.ToColumn, FromColumn: o.FromColumn,
		TimeZone: o.TimeZone, NameAssumed: o.NameAssumed,
	}
	if o.Parents != nil {
		t.Parents = make([]userstable.Parent, len(o.Parents))
	}
	for i, p := range o.Parents {
		t.Parents[i] = userstable.Parent(p)
	}
	return t
}

// from is the way back.
func from(t userstable.Options) *Options {
	o := &Options{
		Model: t.Model, ID: t.ID, Table: t.Table, GroupsTable: t.GroupsTable, PermissionsTable: t.PermissionsTable,
		UserColumn: t.UserColumn, Schema: t.Schema, Columns: Columns(t.Columns), Extra: t.Extra, Where: t.Where,
		Active: t.Active, Staff: t.Staff, Superuser: t.Superuser, ToColumn: t.ToColumn, FromColumn: t.FromColumn,
		TimeZone: t.TimeZone, NameAssumed: t.NameAssumed,
	}
	for _, p := range t.Parents {
		o.Parents = append(o.Parents, Parent(p))
	}
	return o
}
