package main

import (
	"bytes"
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
	"github.com/go-djsession/go-djsession/examples/internal/shop"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// TestViewByView: the visitor cannot see which views have moved, except by the line at the
// end of the page.
func TestViewByView(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Django")
	}
	t.Parallel()
	s, at := exampletest.Shop(t)
	django, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := djsettings.FromManage(t.Context(), s.Dir, &djsettings.ManageOptions{Python: s.Python})
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsite.Open(t.Context(), settings, &djsite.Options{
		Configure: func(set *djsession.Settings) { set.Logger = slog.New(slog.DiscardHandler) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.Close() })
	if len(site.Warnings) > 0 {
		t.Errorf("got warnings %v, want none", site.Warnings)
	}
	t.Run("look", func(t *testing.T) {
		server := httptest.NewServer(handler(site, django, []string{"/cart/", "/account/"}))
		defer server.Close()
		b := exampletest.NewBrowser(t)
		b.Login(s, server.URL)
		for _, name := range goods {
			b.Get(server.URL + "/")
			b.Submit(server.URL+"/cart/add/", "name", name)
		}
		exampletest.CheckLook(t, server.URL, b.Cookie(server.URL, "sessionid"), "/", "/cart/", "/account/", "/accounts/login/")
	})
	for _, moved := range []string{"", "/cart/ /account/", "/cart/add/"} {
		t.Run(cmp.Or(moved, "nothing"), func(t *testing.T) {
			server := httptest.NewServer(handler(site, django, strings.Fields(moved)))
			defer server.Close()
			visit(t, s, server.URL, func(path string) string {
				for _, m := range strings.Fields(moved) {
					if strings.HasPrefix(path, m) {
						return "Go made this page."
					}
				}
				return "Django made this page."
			})
		})
	}
}

// visit acts as a visitor. by returns the line that says who serves a path.
func visit(t *testing.T, s *shop.Shop, at string, by func(path string) string) {
	b := exampletest.NewBrowser(t)
	b.Get(at+"/").Has(http.StatusOK, "Django made this page.", "Log in")
	if p := b.Get(at + "/account/"); p.URL.RequestURI() != "/accounts/login/?next=/account/" {
		t.Errorf("got %s for an account of nobody's, want the page to log in", p.URL)
	}

	// Django serves the shop: the form, and the page with the message.
	b.Get(at + "/")
	b.Submit(at+"/cart/add/", "name", "Tea").Has(http.StatusOK, `<p class="success"><b>Tea is in your cart.</b></p>`)
	b.Get(at + "/").HasNot("is in your cart")
	b.Get(at+"/cart/").Has(http.StatusOK, "<li>Tea: 1</li>", by("/cart/"))

	// Django serves the login, which keeps the cart.
	b.Login(s, at).Has(http.StatusOK, "Log out demo")
	b.Get(at+"/account/").Has(http.StatusOK, "You are demo, and may use", by("/account/"))
	b.Get(at + "/")
	b.Submit(at+"/cart/add/", "name", "Tea").Has(http.StatusOK, "Tea is in your cart.")
	b.Submit(at+"/cart/add/", "name", "Honey").Has(http.StatusOK, "Honey is in your cart.")
	b.Submit(at+"/cart/add/", "name", "Gold").Has(http.StatusOK).HasNot("Gold")
	b.Get(at+"/cart/").Has(http.StatusOK, "<li>Tea: 2</li>", "<li>Honey: 1</li>", "Log out demo")

	// The cart's own form, and its own message.
	b.Submit(at+"/cart/empty/").Has(http.StatusOK, `<p class="info"><b>Your cart is empty now.</b></p>`, "Nothing yet", by("/cart/"))

	// Forms without a token are from another site.
	b.Forget()
	b.Submit(at+"/cart/add/", "name", "Tea").Has(http.StatusForbidden)
	b.Get(at+"/cart/").Has(http.StatusOK, "Nothing yet")

	// Django serves the logout. Every page has its form.
	b.Get(at + "/account/")
	b.Submit(at+"/accounts/logout/").Has(http.StatusOK, "Log in").HasNot("Log out")
	if p := b.Get(at + "/account/"); p.URL.Path != "/accounts/login/" {
		t.Errorf("got %s after the logout, want the page to log in", p.URL)
	}
}

// TestCommand: it prints the URL and the password, and leaves no file behind.
func TestCommand(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Django")
	}
	t.Parallel()
	python := exampletest.Python(t)
	temp := t.TempDir()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exampletest.Command(t, "-addr", "127.0.0.1:0", "-python", python)
	cmd.Env = append(cmd.Env, "TMPDIR="+temp)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer cmd.Process.Kill()

	said := regexp.MustCompile(`Open (http://\S+)/ and log in as (\w+) with the password (\w+)`)
	var found []string
	for limit := time.Now().Add(2 * time.Minute); found == nil; time.Sleep(100 * time.Millisecond) {
		text, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		found = said.FindStringSubmatch(string(text))
		select {
		case err := <-ended:
			t.Fatalf("it ended: %v\n%s", err, text)
		default:
		}
		if time.Now().After(limit) {
			t.Fatalf("got %s", text)
		}
	}
	b := exampletest.NewBrowser(t)
	b.Login(&shop.Shop{User: found[2], Password: found[3]}, found[1]).Has(http.StatusOK, "Log out demo", "Django made this page.")
	b.Get(found[1]+"/account/").Has(http.StatusOK, "You are demo", "Go made this page.")
	log, err := filepath.Glob(filepath.Join(temp, "strangler-*", "django.log"))
	if err != nil || len(log) != 1 {
		t.Fatalf("got %v, %v, want one log", log, err)
	}
	text, err := os.ReadFile(log[0])
	if err != nil {
		t.Fatal(err)
	}
	django := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(string(text))
	if django == "" {
		t.Fatalf("got %s, want the address of Django", text)
	}
	b.Get(django).Has(http.StatusOK)

	if runtime.GOOS == "windows" {
		return // this system has no interrupt signal
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("got %v, want a good end", err)
	}
	if _, err := http.Get(django); err == nil {
		t.Error("Django still runs")
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("got %d files left behind (%v), want none", len(left), err)
	}
}

// TestRefused: it says what to install, and which paths it cannot serve.
func TestRefused(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "python")
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"no Django", []string{"-python", nowhere}, noDjango},
		{"no such view", []string{"-python", nowhere, "-go", "/cart/ /"}, `-go: Go has no "/"; it has /account/, /cart/, /cart/add/, /cart/empty/` + "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exampletest.Command(t, tt.args...)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("got %v, want the exit code 1", err)
			}
			if !strings.HasSuffix(stderr.String(), tt.want) || stdout.Len() > 0 {
				t.Errorf("got %q and %q, want only %q", &stdout, &stderr, tt.want)
			}
		})
	}
}
