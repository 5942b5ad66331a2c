package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	texttemplate "text/template"

	"github.com/go-djsession/go-djsession/internal/secret"
)

// canary is a part of every secret of the table.
const canary = "canary"

// shows reports whether text holds the canary: as it is, in hexadecimal digits, as a
// list of numbers, or in base64.
func shows(text string) bool {
	text = strings.ToLower(text)
	hexed := hex.EncodeToString([]byte(canary))
	forms := []string{canary, hexed, "99 97 110 97 114 121", "99,97,110,97,114,121", "63 61 6e 61 72", "0x63, 0x61, 0x6e", "0x63 0x61 0x6e", "u+0063 u+0061 u+006e", "1100011 1100001 1101110 1100001"}
	for lead := range 3 { // base64 reads three bytes at a time
		coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("-", lead) + canary + canary))
		forms = append(forms, strings.ToLower(coded[4:12]))
	}
	return slices.ContainsFunc(forms, func(f string) bool { return strings.Contains(text, f) })
}

var (
	textTemplate = texttemplate.Must(texttemplate.New("").Parse(`{{.v}} {{.}} {{.list}} {{printf "%q" .v}} {{js .v}} {{html .v}} {{urlquery .v}}`))
	htmlTemplate = htmltemplate.Must(htmltemplate.New("").Parse(`<p title="{{.v}}">{{.v}}</p><script>x = {{.v}}</script>`))
)

// printers are all ways in which a value becomes text that somebody may read.
func printers() map[string]func(v any) string {
	all := map[string]func(v any) string{
		"Sprint":   func(v any) string { return fmt.Sprint(v) },
		"Sprintln": func(v any) string { return fmt.Sprintln(v) },
		"width":    func(v any) string { return fmt.Sprintf("%50.20v|%-9s|%+50d", v, v, v) },
		"panic":    panicText,
		"Errorf":   func(v any) string { return fmt.Errorf("save %v: %+v", v, v).Error() },
		"json": func(v any) string {
			text, err := json.Marshal(v)
			return fmt.Sprint(string(text), err)
		},
		"xml": func(v any) string {
			text, err := xml.Marshal(v)
			return fmt.Sprint(string(text), err)
		},
		"gob": func(v any) string {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(v)
			return fmt.Sprint(b.String(), err)
		},
		"text/template": func(v any) string {
			var b bytes.Buffer
			err := textTemplate.Execute(&b, map[string]any{"v": v, "list": []any{v}})
			return fmt.Sprint(b.String(), err)
		},
		"html/template": func(v any) string { // as text, and as JSON in a script
			var b bytes.Buffer
			err := htmlTemplate.Execute(&b, map[string]any{"v": v})
			return fmt.Sprint(b.String(), err)
		},
		"slog text": func(v any) string {
			var b bytes.Buffer
			log := slog.New(slog.NewTextHandler(&b, nil))
			log.Info("x", "v", v, "group", slog.GroupValue(slog.Any("v", v)))
			return b.String()
		},
		"slog JSON": func(v any) string {
			var b bytes.Buffer
			log := slog.New(slog.NewJSONHandler(&b, nil))
			log.Info("x", "v", v, "group", slog.GroupValue(slog.Any("v", v)))
			return b.String()
		},
	}
	for _, verb := range "vTtbcdoOqxXUeEfFgGsp" + "wz" {
		for _, flag := range []string{"", "+", "#", " ", "-", "0"} {
			format := "%" + flag + string(verb)
			all[format] = func(v any) string { return fmt.Sprintf(format, v) }
		}
	}
	return all
}

// panicText is what the runtime prints for a panic: the text of an error or a Stringer,
// the value of a plain type, and the address of all else.
func panicText(v any) string {
	switch v := v.(type) {
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.String:
		return r.String()
	}
	return ""
}

// The structs of somebody else that a value may stand in.
type (
	unexported struct{ v any }
	exported   struct{ V any }
	deep       struct{ in *exported }
	failure    struct{ v any }
)

func (failure) Error() string { return "failed" }

// copied is the form of a copy of what a pointer points to.
const copied = "what it points to, in an unexported field"

// forms are v by itself and inside of other values. raw are those where no method of
// v is called.
func forms(v any) (plain, raw map[string]any) {
	plain, raw = map[string]any{"value": v}, map[string]any{"unexported field": unexported{v}, "unexported field of an error": failure{v}}
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer && !r.IsNil() && !locked(r.Elem().Type()) {
		plain["what it points to"] = r.Elem().Interface()
		raw[copied] = unexported{r.Elem().Interface()}
	} else if r.Kind() != reflect.Pointer {
		p := reflect.New(r.Type())
		p.Elem().Set(r)
		plain["pointer"] = p.Interface()
		raw["pointer in an unexported field"] = unexported{p.Interface()}
	}
	slice := reflect.Append(reflect.MakeSlice(reflect.SliceOf(r.Type()), 0, 1), r)
	dict := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), r.Type()))
	dict.SetMapIndex(reflect.ValueOf("k"), r)
	plain["slice"], plain["map"], plain["exported field"], plain["pointer to a struct"] = slice.Interface(), dict.Interface(), exported{v}, &exported{v}
	plain["any"], plain["map of any"] = []any{v}, map[any]any{"k": v}
	raw["slice in an unexported field"], raw["deep"] = unexported{slice.Interface()}, deep{&exported{v}}
	if r.Comparable() {
		plain["key of a map"] = map[any]int{v: 1}
		raw["key of a map in an unexported field"] = unexported{map[any]int{v: 1}}
	}
	if err, ok := v.(error); ok {
		plain["wrapped"], plain["joined"] = fmt.Errorf("save: %w", err), errors.Join(errors.New("x"), err)
		raw["wrapped, in an unexported field"] = unexported{fmt.Errorf("save: %w", err)}
	}
	return plain, raw
}

// locked reports whether a value of the type must not be copied.
func locked(t reflect.Type) bool {
	switch {
	case t.Kind() == reflect.Array:
		return locked(t.Elem())
	case t.Kind() != reflect.Struct:
		return false
	case t.PkgPath() == "sync" || t.PkgPath() == "sync/atomic":
		return true
	}
	for i := range t.NumField() {
		if locked(t.Field(i).Type) {
			return true
		}
	}
	return false
}

// TestNothingPrints makes a value with secrets of every exported type of the module,
// and prints it in every way and in every place. A new type has to be put in the table.
func TestNothingPrints(t *testing.T) {
	table := table(t)
	for _, name := range exportedTypes(t) {
		if _, ok := table[name]; !ok {
			t.Errorf("%s is not in the table: give a value that holds secrets, or the reason why none can", name)
		}
	}
	known := exportedTypes(t)
	ways := printers()
	for name, row := range table {
		if !slices.Contains(known, name) && !strings.HasPrefix(name, "value: ") {
			t.Errorf("%s is in the table, but is no exported type", name)
		}
		if row.holdsNone != "" {
			if row.v != nil {
				t.Errorf("%s has a value, and a reason to have none", name)
			}
			continue
		}
		if want := name[strings.LastIndexByte(name, '.')+1:]; !strings.HasPrefix(name, "value: ") && nameOf(row.v) != want {
			t.Errorf("%s: the value of the table is a %T", name, row.v)
		}
		plain, raw := forms(row.v)
		if row.inFields != "" {
			raw = nil
		}
		if row.copied != "" {
			delete(raw, copied)
			delete(plain, "what it points to") // %p and %w call no method
		}
		for _, places := range []map[string]any{plain, raw} {
			for place, v := range places {
				for way, text := range ways {
					if row.inFields != "" && callsNothing(way) {
						continue
					}
					if got := text(v); shows(got) {
						t.Errorf("%s as %s by %s: %.200q", name, place, way, got)
					}
				}
			}
		}
	}
}

// callsNothing reports whether way is a verb for which package fmt calls no method, not
// even Format: %p of what is no pointer, and %w outside of Errorf.
func callsNothing(way string) bool {
	return strings.HasPrefix(way, "%") && strings.ContainsAny(way[len(way)-1:], "pw")
}

func nameOf(v any) string {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// TestShows: the test would see a secret, whatever prints it.
func TestShows(t *testing.T) {
	type open struct{ Text string }
	for way, text := range printers() {
		v := any(open{"my " + canary + canary})
		switch way {
		case "panic":
			v = errors.New(canary)
		case "xml", "gob", "json":
		default:
			if strings.HasSuffix(way, "T") || strings.HasSuffix(way, "p") {
				continue
			}
		}
		if got := text(v); !shows(got) {
			t.Errorf("%s is not seen in %q", way, got)
		}
	}
	for _, v := range []any{[]byte(canary), []rune(canary)} {
		for _, verb := range []string{"%v", "%x", "% x", "%q", "%d"} {
			if got := fmt.Sprintf(verb, v); !shows(got) && !(verb == "%x" || verb == "% x" || verb == "%q") {
				t.Errorf("%s is not seen in %q", verb, got)
			}
		}
	}
}

func TestText(t *testing.T) {
	for _, s := range []string{"", "x", strings.Repeat(canary, 1000)} {
		if got := secret.New(s); got.Reveal() != s || got.Len() != len(s) {
			t.Errorf("got %q, %d", got.Reveal(), got.Len())
		}
	}
	if got := (secret.Text{}).Reveal(); got != "" {
		t.Errorf("the zero Text is %q", got)
	}
	s := strings.Repeat(canary, 10)
	if n := testing.AllocsPerRun(100, func() { _ = secret.New(s).Reveal() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
