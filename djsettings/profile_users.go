package djsettings

// ProfileUsers is what the model of users is, and what the site's code does with it.
type ProfileUsers struct {
	// Model is AUTH_USER_MODEL with its app label, and Class its dotted path.
	Model, Class string
	// Table is its db_table. With multi-table inheritance, fields may be in others: see
	// Links.
	Table string
	// PK is the primary key.
	PK ProfileField
	// Fields are the fields with a column, by name.
	Fields map[string]*ProfileField
	// Links lead from the table to those of the parents.
	Links []ProfileLink
	// UsernameField is USERNAME_FIELD, and EmailField is EMAIL_FIELD.
	UsernameField string `json:"username_field"`
	EmailField    string `json:"email_field"`
	// Flags are is_active, is_staff and is_superuser.
	Flags map[string]*ProfileFlag
	// Manager are the default and the base manager.
	Manager ProfileManager
	// Database is what the routers answer for the model; nil if it is missing.
	Database *ProfileRoute
	// Permissions are the tables between users and "groups" or "user_permissions", by
	// these names.
	Permissions map[string]*ProfileThrough
	// Queries are what the site's code asks the database.
	Queries ProfileQueries
	// Imported says whether the URLs and the middleware could be imported. If not,
	// Receivers may not be all.
	Imported ProfileImported
	// Receivers are the functions connected to user_logged_in, user_logged_out and
	// user_login_failed, by these names.
	Receivers map[string][]string
}

// ProfileField is a field of the model.
type ProfileField struct {
	// Name is set for the primary key only.
	Name string
	// Column and Table are those in the database. Attribute is the name on the object:
	// "person_ptr_id" for a link.
	Column, Table, Attribute string
	// Kind is get_internal_type(), of the far end for a link: "AutoField", "UUIDField".
	// Class is the class of the field.
	Kind, Class string
	Null        bool
	MaxLength   int `json:"max_length"`
	// Choices are at most 50.
	Choices []Value
	// Methods are converters that a class of the site defines, by their names: to_python,
	// from_db_value and so on.
	Methods map[string]string
}

// ProfileLink says which column of one table holds the key of a row in another.
type ProfileLink struct {
	Table, Column string
	FromTable     string `json:"from_table"`
	FromColumn    string `json:"from_column"`
}

// The values of [ProfileFlag].Is.
const (
	FlagColumn   = "column"   // a column of the table
	FlagConstant = "constant" // the same for all users
	FlagCode     = "code"     // a property
	FlagAbsent   = "absent"   // the model has no such attribute
	FlagUnknown  = "unknown"  // the probe could not tell
)

// ProfileFlag is is_active, is_staff or is_superuser.
type ProfileFlag struct {
	// Is is [FlagColumn], [FlagConstant], [FlagCode], [FlagAbsent] or [FlagUnknown].
	Is string
	// Column, Table and Kind are those of a column.
	Column, Table, Kind string
	// Value is that of a constant.
	Value bool
	// By is the class that defines a constant or a property.
	By string
	// Reads are the attributes of fields that a property reads.
	Reads []string
	// Answers are all that a property says, if it reads only fields with few values, and
	// the same ones each time.
	Answers []ProfileAnswer
}

// ProfileAnswer is what a property says for some values of the fields that it reads.
type ProfileAnswer struct {
	// Values are those of [ProfileFlag].Reads.
	Values []Value
	Answer bool
}

// ProfileManager are the dotted paths of the managers of users.
type ProfileManager struct{ Default, Base string }

// ProfileThrough is a table between two others.
type ProfileThrough struct {
	Table string
	// User and Other are the columns with the user and with the group or permission.
	User, Other string
}

// ProfileImported says what the probe imported.
type ProfileImported struct{ URLs, Middleware bool }

// ProfileQueries are the queries that the site's code would send. Each list has up to
// three: the second is what it asks if the first one finds nothing. A list is nil if the
// probe could not tell, and empty if nothing is asked.
type ProfileQueries struct {
	// AskedPK and AskedName are the primary key and the name that were looked for.
	AskedPK   Value `json:"asked_pk"`
	AskedName Value `json:"asked_name"`
	// ByPK is that of the default manager's get(pk=...), ByName that of its
	// get_by_natural_key, Refresh that of the base manager.
	ByPK    []ProfileQuery `json:"by_pk"`
	ByName  []ProfileQuery `json:"by_name"`
	Refresh []ProfileQuery
	// GetUser and Authenticate are those of the backends, by their dotted paths.
	GetUser      map[string][]ProfileQuery `json:"get_user"`
	Authenticate map[string][]ProfileQuery
}

// ProfileQuery is a query for users.
type ProfileQuery struct {
	// SQL is its text for the site's database, "" if only a connection can tell.
	SQL string
	// Params are the parameters of SQL.
	Params []Value
	// Tables are the tables that it reads.
	Tables []ProfileTable
	// Where is the condition; nil if there is none.
	Where *ProfileWhere
}

// ProfileTable is a table of a query.
type ProfileTable struct {
	Alias, Table string
	// From is the alias of the table that it is joined to, "" for the first one. On are
	// pairs of columns: of From, and of this table. Outer is set for a LEFT OUTER JOIN.
	From  string
	On    [][2]string
	Outer bool
}

// ProfileWhere is a condition. One of And, Or, Not, Unknown and Column is set, or And is
// empty and not nil: all rows.
type ProfileWhere struct {
	And, Or []*ProfileWhere
	Not     *ProfileWhere
	// Unknown names what cannot be said here.
	Unknown string

	Table, Column string
	// Lookup is that of Django: "exact", "iexact", "isnull" and so on.
	Lookup string
	// Functions are applied to the column, and ValueFunctions to the value, the outermost
	// first: "Lower".
	Functions      []string
	ValueFunctions []string `json:"value_functions"`
	// Asked is "pk" or "name" if the value is what was looked for, and "now" if it is the
	// present moment. Change says how a name was changed before: "lower", "upper" or
	// "lower_domain".
	Asked, Change string
	// Value is the value otherwise.
	Value Value
}
