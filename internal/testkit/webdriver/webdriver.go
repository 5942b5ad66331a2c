// Package webdriver drives a headless Chromium for tests, with chromedriver and the W3C
// WebDriver protocol.
//
// The browser has its own profile in a temporary folder and talks only to the loopback
// interface. It ends with the test or with the test binary, even if that crashes. It is for
// one goroutine.
//
// If it is not installed, the test is skipped, or fails with DJSESSION_TEST_REQUIRE=1 in
// the environment.
package webdriver

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// ErrNoElement means that no element of the page matches the selector.
var ErrNoElement = errors.New("webdriver: no such element")

var errStayed = errors.New("the page stayed")

// patience is the longest time that a page may take.
const patience = 30 * time.Second

// Browser is a browser with one window.
type Browser struct {
	client  http.Client
	base    string // URL of the driver
	session string // path of the session
}

// Start starts a browser that runs until the test ends.
func Start(t testing.TB) *Browser {
	t.Helper()
	driver, chromium := find("chromedriver"), find("chromium", "chromium-browser", "google-chrome")
	if driver == "" || chromium == "" {
		testserver.Lacks(t, "Chromium or its driver is not here (no chromium or no chromedriver on the PATH): run compat_test/setup.sh browser")
	}
	dir, err := os.MkdirTemp("", "djsession-browser-")
	if err != nil {
		t.Fatal(err)
	}
	b := &Browser{client: http.Client{Transport: &http.Transport{}, Timeout: 2 * patience}} // no proxy
	if b.base, err = launch(t, driver, dir); err != nil {
		t.Fatalf("start chromedriver: %v", err)
	}
	// This runs before the cleanup of launch.
	t.Cleanup(func() {
		if b.session != "" {
			if err := b.call("DELETE", "", nil, nil); err != nil {
				t.Errorf("end the browser: %v", err)
			}
		}
		b.client.CloseIdleConnections()
	})
	if err := b.open(chromium, dir); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return b
}

func find(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// guard runs the driver. When its standard input ends, which happens too when the test
// binary dies, it stops the driver and removes the folder. A browser that still runs then
// outlives the driver: its lock is a link to HOST-PID.
const guard = `
dir=$1; shift
exec 3<&0
"$@" </dev/null 3<&- & driver=$!
{ read -r _ <&3; kill $driver; } 2>/dev/null & reader=$!
wait $driver
kill $reader 2>/dev/null
browser=$(readlink "$dir/profile/SingletonLock") && kill -9 "${browser##*-}"
for pause in 0 1 2; do sleep $pause; rm -rf "$dir" && exit; done
`

var started = regexp.MustCompile(`started successfully on port (\d+)`)

// launch starts the driver and returns its URL.
func launch(t testing.TB, driver, dir string) (base string, err error) {
	cmd := exec.Command("sh", "-c", guard, "guard", dir, driver, "--port=0")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir, "TMPDIR="+dir)
	leash, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	t.Cleanup(func() {
		leash.Close()
		_ = cmd.Wait() // the exit status does not matter
	})
	watchdog := time.AfterFunc(patience, func() { leash.Close() })
	defer watchdog.Stop()
	var text strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text.WriteString(lines.Text() + "\n")
		if port := started.FindStringSubmatch(lines.Text()); port != nil {
			go io.Copy(io.Discard, out)
			return "http://127.0.0.1:" + port[1], nil
		}
	}
	return "", fmt.Errorf("it did not say on which port it is:\n%s", &text)
}

// open starts a WebDriver session.
func (b *Browser) open(chromium, dir string) error {
	arguments := []string{
		"--headless", "--user-data-dir=" + dir + "/profile", "--no-first-run", "--disable-gpu",
		"--disable-dev-shm-usage", "--password-store=basic", "--disable-background-networking", "--disable-component-update",
		"--disable-extensions", "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
		"--incognito", "--kiosk", // a page takes a third less without history and toolbars
	}
	if os.Geteuid() == 0 {
		arguments = append(arguments, "--no-sandbox") // Chromium refuses to run as root otherwise
	}
	var got struct {
		SessionID string `json:"sessionId"`
	}
	err := b.call("POST", "/session", object{"capabilities": object{"alwaysMatch": object{
		"browserName":        "chrome",
		"timeouts":           object{"pageLoad": patience.Milliseconds()},
		"goog:chromeOptions": object{"binary": chromium, "args": arguments},
	}}}, &got)
	if err != nil {
		return err
	}
	b.session = "/session/" + got.SessionID
	return nil
}

// object is a JSON object.
type object map[string]any

// call sends one command. path is below the session, once there is one. It stores the
// result in into, unless that is nil.
func (b *Browser) call(method, path string, body, into any) error {
	var text []byte
	if method == "POST" {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	r, err := http.NewRequest(method, b.base+b.session+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	answer, err := b.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var got struct{ Value json.RawMessage }
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		return fmt.Errorf("decode the driver's answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return failure(got.Value)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(got.Value, into)
}

// failure returns the driver's error.
func failure(value json.RawMessage) error {
	var got struct{ Error, Message string }
	if err := json.Unmarshal(value, &got); err != nil {
		return fmt.Errorf("decode the driver's error: %w", err)
	}
	if got.Error == "no such element" {
		return ErrNoElement
	}
	message, _, _ := strings.Cut(got.Message, "\n")
	return fmt.Errorf("%s: %s", got.Error, message)
}

// Open opens an address and waits until the page is loaded.
func (b *Browser) Open(address string) error {
	return b.call("POST", "/url", object{"url": address}, nil)
}

// URL returns the address of the page.
func (b *Browser) URL() (*url.URL, error) {
	var text string
	if err := b.call("GET", "/url", nil, &text); err != nil {
		return nil, err
	}
	return url.Parse(text)
}

// element returns the path of the first element that matches a CSS selector.
func (b *Browser) element(selector string) (string, error) {
	var got map[string]string
	err := b.call("POST", "/element", object{"using": "css selector", "value": selector}, &got)
	if err != nil {
		return "", fmt.Errorf("find %q: %w", selector, err)
	}
	for _, id := range got { // the standard fixes its long name
		return "/element/" + id, nil
	}
	return "", fmt.Errorf("find %q: the driver returned no reference", selector)
}

// Text returns the visible text of an element.
func (b *Browser) Text(selector string) (text string, err error) {
	e, err := b.element(selector)
	if err != nil {
		return "", err
	}
	err = b.call("GET", e+"/text", nil, &text)
	return text, err
}

// Type types text into a field, after the text that is there.
func (b *Browser) Type(selector, text string) error {
	e, err := b.element(selector)
	if err != nil {
		return err
	}
	return b.call("POST", e+"/value", object{"text": text}, nil)
}

// Leave clicks an element and waits until another page is loaded.
func (b *Browser) Leave(selector string) error {
	e, err := b.element(selector)
	if err != nil {
		return err
	}
	if err := b.Script("window.isOld = true", nil); err != nil {
		return err
	}
	if err := b.call("POST", e+"/click", object{}, nil); err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var there bool
		// Between two pages the script fails.
		err = b.Script("return !window.isOld && document.readyState == 'complete'", &there)
		if there {
			return nil
		}
	}
	return fmt.Errorf("click on %q: no other page came: %w", selector, cmp.Or(err, errStayed))
}

// Script runs JavaScript in the page, as the body of a function, and stores what it returns in
// into, unless that is nil. It waits for a promise. The page's Content-Security-Policy does
// not count.
func (b *Browser) Script(text string, into any) error {
	return b.call("POST", "/execute/sync", object{"script": text, "args": []any{}}, into)
}

// Cookie is a cookie in the browser.
type Cookie struct {
	Name, Value, Path, Domain string
	Secure, HTTPOnly          bool
	SameSite                  string
	Expiry                    int64 // Unix seconds; 0 is a session cookie
}

// Cookies returns the cookies that the browser would send for this page.
func (b *Browser) Cookies() (all []Cookie, err error) {
	err = b.call("GET", "/cookie", nil, &all)
	return all, err
}

// DeleteCookies deletes the cookies of all sites. (The standard's command deletes only
// those of the page's site.)
func (b *Browser) DeleteCookies() error {
	return b.devtools("Network.clearBrowserCookies", object{})
}

// View shows pages as on a screen of this size in CSS pixels, with a light or a dark theme.
func (b *Browser) View(width, height int, dark bool) error {
	theme := "light"
	if dark {
		theme = "dark"
	}
	return errors.Join(
		b.devtools("Emulation.setDeviceMetricsOverride", object{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}),
		b.devtools("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": theme}}}))
}

// devtools sends a command of Chromium's own protocol.
func (b *Browser) devtools(command string, params object) error {
	return b.call("POST", "/goog/cdp/execute", object{"cmd": command, "params": params}, nil)
}

// SetCookie gives the browser a session cookie for the page's host.
func (b *Browser) SetCookie(name, value string) error {
	return b.call("POST", "/cookie", object{"cookie": object{"name": name, "value": value}}, nil)
}

// Screenshot returns the window as a PNG.
func (b *Browser) Screenshot() ([]byte, error) {
	var text string
	if err := b.call("GET", "/screenshot", nil, &text); err != nil {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(text)
}
