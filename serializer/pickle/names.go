package pickle

import (
	"strings"
	"sync"
)

// Protocols 0 to 2 name classes as in Python 2, whoever writes them. Python 3 translates
// both ways, by the tables of its module _compat_pickle. It looks up the whole name
// first, then the module alone.

// modules2 are modules of Python 2 with their names in Python 3.
const modules2 = `
	__builtin__ builtins; copy_reg copyreg; Queue queue; SocketServer socketserver
	ConfigParser configparser; repr reprlib; tkFileDialog tkinter.filedialog
	tkSimpleDialog tkinter.simpledialog; tkColorChooser tkinter.colorchooser
	tkCommonDialog tkinter.commondialog; Dialog tkinter.dialog; Tkdnd tkinter.dnd; tkFont tkinter.font
	tkMessageBox tkinter.messagebox; ScrolledText tkinter.scrolledtext; Tkconstants tkinter.constants
	Tix tkinter.tix; ttk tkinter.ttk; Tkinter tkinter; markupbase _markupbase; _winreg winreg
	thread _thread; dummy_thread _dummy_thread; dbhash dbm.bsd; dumbdbm dbm.dumb; dbm dbm.ndbm; gdbm dbm.gnu
	xmlrpclib xmlrpc.client; SimpleXMLRPCServer xmlrpc.server; httplib http.client
	htmlentitydefs html.entities; HTMLParser html.parser; Cookie http.cookies; cookielib http.cookiejar
	BaseHTTPServer http.server; test.test_support test.support; commands subprocess; urlparse urllib.parse
	robotparser urllib.robotparser; urllib2 urllib.request; anydbm dbm; _abcoll collections.abc
	cPickle pickle; _elementtree xml.etree.ElementTree; FileDialog tkinter.filedialog
	SimpleDialog tkinter.simpledialog; DocXMLRPCServer xmlrpc.server; SimpleHTTPServer http.server
	CGIHTTPServer http.server; UserDict collections; UserList collections; UserString collections
	whichdb dbm; StringIO io; cStringIO io
`

// names2 are names of Python 2, module first, with those of Python 3.
const names2 = `
	__builtin__ xrange builtins range; __builtin__ reduce functools reduce; __builtin__ intern sys intern
	__builtin__ unichr builtins chr; __builtin__ unicode builtins str; __builtin__ long builtins int
	itertools izip builtins zip; itertools imap builtins map; itertools ifilter builtins filter
	itertools ifilterfalse itertools filterfalse; itertools izip_longest itertools zip_longest
	UserDict IterableUserDict collections UserDict; UserList UserList collections UserList
	UserString UserString collections UserString; whichdb whichdb dbm whichdb; _socket fromfd socket fromfd
	_multiprocessing Connection multiprocessing.connection Connection
	multiprocessing.process Process multiprocessing.context Process
	multiprocessing.forking Popen multiprocessing.popen_fork Popen
	urllib ContentTooShortError urllib.error ContentTooShortError
	urllib getproxies urllib.request getproxies; urllib pathname2url urllib.request pathname2url
	urllib quote_plus urllib.parse quote_plus; urllib quote urllib.parse quote
	urllib unquote_plus urllib.parse unquote_plus; urllib unquote urllib.parse unquote
	urllib url2pathname urllib.request url2pathname; urllib urlcleanup urllib.request urlcleanup
	urllib urlencode urllib.parse urlencode; urllib urlopen urllib.request urlopen
	urllib urlretrieve urllib.request urlretrieve; urllib2 HTTPError urllib.error HTTPError
	urllib2 URLError urllib.error URLError
	multiprocessing AuthenticationError multiprocessing.context AuthenticationError
	multiprocessing BufferTooShort multiprocessing.context BufferTooShort
	multiprocessing ProcessError multiprocessing.context ProcessError
	multiprocessing TimeoutError multiprocessing.context TimeoutError; __builtin__ basestring builtins str
	exceptions StandardError builtins Exception; UserDict UserDict collections UserDict
	socket _socketobject socket SocketType
`

// exceptions2 are names that moved from the module exceptions to builtins.
const exceptions2 = `
	ArithmeticError AssertionError AttributeError BaseException BufferError BytesWarning DeprecationWarning
	EOFError EnvironmentError Exception FloatingPointError FutureWarning GeneratorExit IOError ImportError
	ImportWarning IndentationError IndexError KeyError KeyboardInterrupt LookupError MemoryError NameError
	NotImplementedError OSError OverflowError PendingDeprecationWarning ReferenceError RuntimeError
	RuntimeWarning StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TypeError
	UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError
	UnicodeWarning UserWarning ValueError Warning ZeroDivisionError
`

// noWayBack are modules of Python 3 that keep their name on the way back.
const noWayBack = `pickle xml.etree.ElementTree collections io`

// modules3 and names3 are the names that go back to other ones: Python 3 first.
const (
	modules3 = `
	tkinter.filedialog tkFileDialog; tkinter.simpledialog tkSimpleDialog; xmlrpc.server SimpleXMLRPCServer
	http.server BaseHTTPServer; dbm anydbm; _bz2 bz2; _dbm dbm; _functools functools; _gdbm gdbm
	_pickle pickle
`
	names3 = `
	builtins str __builtin__ unicode; collections UserDict UserDict IterableUserDict
	builtins Exception exceptions Exception; _functools reduce __builtin__ reduce
	tkinter.filedialog FileDialog FileDialog FileDialog
	tkinter.filedialog LoadFileDialog FileDialog LoadFileDialog
	tkinter.filedialog SaveFileDialog FileDialog SaveFileDialog
	tkinter.simpledialog SimpleDialog SimpleDialog SimpleDialog
	xmlrpc.server ServerHTMLDoc DocXMLRPCServer ServerHTMLDoc
	xmlrpc.server XMLRPCDocGenerator DocXMLRPCServer XMLRPCDocGenerator
	xmlrpc.server DocXMLRPCRequestHandler DocXMLRPCServer DocXMLRPCRequestHandler
	xmlrpc.server DocXMLRPCServer DocXMLRPCServer DocXMLRPCServer
	xmlrpc.server DocCGIXMLRPCRequestHandler DocXMLRPCServer DocCGIXMLRPCRequestHandler
	http.server SimpleHTTPRequestHandler SimpleHTTPServer SimpleHTTPRequestHandler
	http.server CGIHTTPRequestHandler CGIHTTPServer CGIHTTPRequestHandler
	_socket socket socket _socketobject; builtins BrokenPipeError exceptions OSError
	builtins ChildProcessError exceptions OSError; builtins ConnectionAbortedError exceptions OSError
	builtins ConnectionError exceptions OSError; builtins ConnectionRefusedError exceptions OSError
	builtins ConnectionResetError exceptions OSError; builtins FileExistsError exceptions OSError
	builtins FileNotFoundError exceptions OSError; builtins InterruptedError exceptions OSError
	builtins IsADirectoryError exceptions OSError; builtins NotADirectoryError exceptions OSError
	builtins PermissionError exceptions OSError; builtins ProcessLookupError exceptions OSError
	builtins TimeoutError exceptions OSError; builtins ModuleNotFoundError exceptions ImportError
`
)

// name is a module and a name in it. The name is empty for a module alone.
type name struct{ module, name string }

var toPython3Table = sync.OnceValue(func() map[name]name {
	t := map[name]name{}
	addNames(t, modules2)
	addNames(t, names2)
	for _, e := range strings.Fields(exceptions2) {
		t[name{"exceptions", e}] = name{"builtins", e}
	}
	return t
})

var toPython2Table = sync.OnceValue(func() map[name]name {
	t := map[name]name{}
	for from, to := range toPython3Table() {
		t[to] = from
	}
	for _, module := range strings.Fields(noWayBack) {
		delete(t, name{module, ""})
	}
	delete(t, name{"socket", "SocketType"})
	// Where several names became one, these entries decide which is the way back.
	addNames(t, modules3)
	addNames(t, names3)
	return t
})

// addNames adds the entries of a table of modules or of names.
func addNames(t map[name]name, table string) {
	for _, entry := range strings.FieldsFunc(table, func(r rune) bool { return r == ';' || r == '\n' }) {
		switch f := strings.Fields(entry); len(f) {
		case 2:
			t[name{f[0], ""}] = name{f[1], ""}
		case 4:
			t[name{f[0], f[1]}] = name{f[2], f[3]}
		}
	}
}

// toPython3 returns the names in Python 3 of a global of Python 2.
func toPython3(module, attr string) (string, string) {
	return translate(toPython3Table(), module, attr)
}

// toPython2 returns the names in Python 2 of a global of Python 3.
func toPython2(module, attr string) (string, string) {
	return translate(toPython2Table(), module, attr)
}

// isPython2 reports whether no Python 3 has a module of that name.
func isPython2(module string) bool { return module == "__builtin__" || module == "exceptions" }

func translate(t map[name]name, module, attr string) (string, string) {
	if to, ok := t[name{module, attr}]; ok {
		return to.module, to.name
	}
	if to, ok := t[name{module, ""}]; ok {
		module = to.module
	}
	return module, attr
}
