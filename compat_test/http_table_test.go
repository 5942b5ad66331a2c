package compat_test

import (
	"slices"
	"strings"
	"time"
)

// step is one request of a scenario.
type step struct {
	wait   time.Duration // passes before
	sql    string        // is done before
	cookie string        // the Cookie header: "" is what the visitor has, "none" is none
	ops    []op
	status int
}

// scenario is what a visitor does.
type scenario struct {
	name  string
	steps []step
}

// begin is a first request that gives the visitor a session with x = 1.
var begin = step{ops: []op{set("x", 1)}}

// touch are the ways in which a view deals with a session that may not be there.
var touch = []struct {
	name string
	ops  []op
}{
	{"untouched", nil},
	{"read", []op{{"get", "x"}}},
	{"set", []op{set("y", 2)}},
	{"flush", []op{{"flush"}}},
	{"clear", []op{{"clear"}}},
	{"modified", []op{{"items"}, {"modified"}}},
	{"cycle", []op{{"cycle_key"}}},
}

// visits are states of a visitor's cookie, each to be followed by every touch.
var visits = []struct {
	name   string
	before []step
	last   step // whose ops are those of the touch
}{
	{"no cookie", nil, step{}},
	{"good cookie", []step{begin}, step{}},
	{"good cookie, later", []step{begin}, step{wait: 90 * time.Minute}},
	{"good cookie among others", []step{begin}, step{cookie: "a=b; {name}={key}; c=d"}},
	{"cookie with spaces", []step{begin}, step{cookie: "  {name} =  {key}  ;"}},
	{"quoted cookie", []step{begin}, step{cookie: `{name}="{key}"`}},
	{"quoted cookie with escapes", nil, step{cookie: `{name}="abcdefgh\151jkl\"\\"`}},
	{"empty cookie", nil, step{cookie: "{name}="}},
	{"empty quoted cookie", nil, step{cookie: `{name}=""`}},
	{"cookie without a name", nil, step{cookie: "{name}"}},
	{"cookie of another name", []step{begin}, step{cookie: "not{name}={key}"}},
	{"garbage", nil, step{cookie: "{name}=!?* <garbage>,\"\\"}},
	{"garbage beyond ASCII", nil, step{cookie: "{name}=caf\u00e9caf\u00e9caf\u00e9"}},
	{"path characters", nil, step{cookie: "{name}=../../../etc/passwd"}},
	{"key of 7 characters", nil, step{cookie: "{name}=abcdefg"}},
	{"key of 8 characters", nil, step{cookie: "{name}=abcdefgh"}},
	{"key of 39 characters", nil, step{cookie: "{name}=" + strings.Repeat("a", 39)}},
	{"key of 41 characters", nil, step{cookie: "{name}=" + strings.Repeat("a", 41)}},
	{"key of 5000 characters", nil, step{cookie: "{name}=" + strings.Repeat("a", 5000)}},
	{"unknown key", nil, step{cookie: "{name}=" + strings.Repeat("u", 32)}},
	{"upper case key", []step{begin}, step{cookie: "{name}={KEY}"}},
	{"two cookies, the good one last", []step{begin}, step{cookie: "{name}=" + strings.Repeat("u", 32) + "; {name}={key}"}},
	{"two cookies, the good one first", []step{begin}, step{cookie: "{name}={key}; {name}=" + strings.Repeat("u", 32)}},
	{"two cookies, the last one empty", []step{begin}, step{cookie: "{name}={key}; {name}="}},
	{"expired", []step{begin}, step{wait: 15 * 24 * time.Hour}},
	{"deleted", []step{begin}, step{sql: "DELETE FROM django_session WHERE session_key = '{key}'"}},
	{"corrupt row", []step{begin}, step{sql: "UPDATE django_session SET session_data = 'garbage' WHERE session_key = '{key}'"}},
	{"emptied by clear", []step{begin, {ops: []op{{"clear"}}}}, step{}},
	{"browser close", []step{begin, {ops: []op{{"set_expiry", "seconds", 0}}}}, step{wait: time.Hour}},
	{"expiry in an hour", []step{begin, {ops: []op{{"set_expiry", "seconds", 3600}}}}, step{wait: time.Minute}},
	{"expiry at a moment", []step{begin, {ops: []op{{"set_expiry", "at", firstRequest.Add(time.Hour).UnixMicro()}}}}, step{wait: time.Minute}},
}

// visitScenarios are all visits with all touches.
var visitScenarios = crossed()

// scenarios are those that do not fit into that.
var scenarios = []scenario{
	{"a life", []step{
		begin,
		{ops: []op{{"get", "x"}, set("x", 2), {"items"}}},
		{wait: time.Hour, ops: []op{{"items"}}},
		{ops: []op{{"pop", "x"}, {"items"}}},
		{ops: []op{{"has", "x"}, {"setdefault", "y", tag([]any{1, "é", nil})}}},
		{ops: []op{{"cycle_key"}, {"items"}}},
		{ops: []op{{"flush"}, {"items"}}},
		{ops: []op{{"items"}}},
		{ops: []op{set("z", 1)}},
	}},
	{"test cookie", []step{
		{ops: []op{{"set_test_cookie"}}},
		{ops: []op{{"test_cookie_worked"}, {"delete_test_cookie"}}},
		{ops: []op{{"test_cookie_worked"}}},
	}},
	{"set and delete, without a cookie", []step{{ops: []op{set("x", 1), {"del", "x"}}}}},
	{"set and delete, with a cookie", []step{begin, {ops: []op{set("y", 1), {"del", "y"}}}}},
	{"the last key deleted", []step{begin, {ops: []op{{"del", "x"}}}, {ops: []op{{"items"}}}}},
	{"flush, then set", []step{begin, {ops: []op{{"flush"}, set("y", 1)}}}},
	{"flush, then cycle", []step{begin, {ops: []op{{"flush"}, {"cycle_key"}}}}},
	{"clear, then set", []step{begin, {ops: []op{{"clear"}, set("y", 1)}}}},
	{"cycle twice", []step{begin, {ops: []op{{"cycle_key"}, {"cycle_key"}}}}},
	{"set and cycle, without a cookie", []step{{ops: []op{set("x", 1), {"cycle_key"}}}}},
	{"saved by the view", []step{{ops: []op{set("x", 1), {"save"}}}, {ops: []op{set("x", 2), {"save"}}}, {ops: []op{{"save"}}}}},
	{"saved by the view, then changed", []step{begin, {ops: []op{set("x", 2), {"save"}, set("x", 3)}}}},
	{"created by the view", []step{{ops: []op{set("x", 1), {"create"}}}}},
	{"deleted during the request, then read", []step{begin, {ops: []op{{"get", "x"}, {"delete", nil}}}}},
	{"deleted during the request, then set", []step{begin, {ops: []op{set("x", 2), {"delete", nil}}}}},
	{"deleted during the request, then modified", []step{begin, {ops: []op{{"get", "x"}, {"modified"}, {"delete", nil}}}}},
	{"deleted during the request, then flushed", []step{begin, {ops: []op{{"get", "x"}, {"delete", nil}, {"flush"}}}}},
	{"a view that fails", []step{begin, {ops: []op{set("x", 2), {"raise"}}}, {ops: []op{{"items"}}}}},
	{"a view that fails, without a cookie", []step{{ops: []op{set("x", 2), {"raise"}}}}},
	{"a view that fails after a flush", []step{begin, {ops: []op{{"flush"}, {"raise"}}}}},
	{"a view that fails after a cycle", []step{begin, {ops: []op{{"cycle_key"}, {"raise"}}}, {ops: []op{{"items"}}}}},
	{"a view that fails after a save", []step{begin, {ops: []op{set("x", 2), {"save"}, {"raise"}}}, {ops: []op{{"items"}}}}},
	{"vary on a language, untouched", []step{{ops: []op{{"vary", "Accept-Language"}}}}},
	{"vary on a language, read", []step{{ops: []op{{"vary", "Accept-Language"}, {"get", "x"}}}}},
	{"vary on cookies already", []step{{ops: []op{{"vary", "cookie"}, {"get", "x"}}}}},
	{"vary on everything", []step{{ops: []op{{"vary", "*"}, {"get", "x"}}}}},
	{"status 204", []step{{ops: []op{set("x", 1)}, status: 204}, {ops: []op{{"flush"}}, status: 204}}},
	{"status 302", []step{{ops: []op{set("x", 1)}, status: 302}, {ops: []op{{"flush"}}, status: 302}}},
	{"status 404", []step{{ops: []op{set("x", 1)}, status: 404}, {ops: []op{{"flush"}}, status: 404}}},
	{"status 499", []step{{ops: []op{set("x", 1)}, status: 499}}},
	{"status 500", []step{begin, {ops: []op{set("x", 2)}, status: 500}, {ops: []op{{"items"}}}, {ops: []op{{"flush"}}, status: 500}}},
	{"status 503", []step{begin, {ops: []op{set("x", 2)}, status: 503}, {ops: []op{{"items"}}}, {ops: []op{{"flush"}}, status: 503}}},
	{"status 500, nothing touched", []step{begin, {status: 500}}},
	{"status 500, unknown key", []step{{cookie: "{name}=" + strings.Repeat("u", 32), ops: []op{set("x", 2)}, status: 500}}},
	{"expiry in seconds", []step{
		{ops: []op{{"set_expiry", "seconds", 60}, {"expiry"}}},
		{wait: 59 * time.Second, ops: []op{{"expiry"}}},
		{ops: []op{{"modified"}}},
		{wait: 59 * time.Second, ops: []op{{"items"}}},
		{wait: time.Second, ops: []op{{"items"}}},
	}},
	{"expiry at a moment, to the end", []step{
		{ops: []op{{"set_expiry", "at", firstRequest.Add(time.Minute).UnixMicro()}, {"expiry"}}},
		{wait: 59 * time.Second, ops: []op{{"expiry"}, {"modified"}}},
		{wait: 999999 * time.Microsecond, ops: []op{{"expiry"}}},
		{wait: time.Microsecond, ops: []op{{"items"}}},
	}},
	{"expiry after a while, then the policy again", []step{
		{ops: []op{{"set_expiry", "in", int64(90 * time.Second / time.Microsecond)}, {"expiry"}}},
		{wait: time.Second, ops: []op{{"set_expiry", "none"}, {"expiry"}}},
	}},
	{"expiry in the past", []step{begin, {ops: []op{{"set_expiry", "at", firstRequest.Add(-time.Hour).UnixMicro()}, {"expiry"}}}, {ops: []op{{"items"}}}}},
	{"negative seconds", []step{begin, {ops: []op{{"set_expiry", "seconds", -10}, {"expiry"}}}, {ops: []op{{"items"}}}}},
	{"browser close, then the policy again", []step{{ops: []op{{"set_expiry", "seconds", 0}, {"expiry"}}}, {ops: []op{{"set_expiry", "none"}, {"expiry"}}}}},
	{"odd expiry: a fraction of a second", []step{{ops: []op{set("_session_expiry", 1.5), {"expiry"}}}}},
	{"odd expiry: true", []step{{ops: []op{set("_session_expiry", true), {"expiry"}}}}},
	{"odd expiry: false", []step{{ops: []op{set("_session_expiry", false), {"expiry"}}}}},
	{"odd expiry: empty text", []step{{ops: []op{set("_session_expiry", ""), {"expiry"}}}}},
	{"odd expiry: null", []step{{ops: []op{set("_session_expiry", nil), {"expiry"}}}}},
	{"odd expiry: no date", []step{begin, {ops: []op{set("_session_expiry", "soon")}}}},
	{"odd expiry: too far away", []step{begin, {ops: []op{set("_session_expiry", 1e15)}}}},
	{"odd expiry: a list", []step{begin, {ops: []op{set("_session_expiry", []any{1})}}}},
}

// lookScenarios are those that show how cookies look.
var lookScenarios = slices.DeleteFunc(slices.Clone(scenarios), func(c scenario) bool {
	return !strings.HasPrefix(c.name, "expiry") && !slices.Contains([]string{
		"a life", "test cookie", "flush, then set", "clear, then set", "saved by the view", "status 302", "status 503",
		"status 500, unknown key", "negative seconds", "browser close, then the policy again",
	}, c.name)
})

func crossed() (all []scenario) {
	for _, v := range visits {
		for _, to := range touch {
			last := v.last
			last.ops = to.ops
			all = append(all, scenario{v.name + ", " + to.name, append(slices.Clone(v.before), last)})
		}
	}
	return all
}

// siteSetting is a site that differs from the default.
type siteSetting struct {
	name    string
	values  map[string]any
	decides bool // whether the cookie is set, not only how it looks
}

var siteSettings = []siteSetting{
	{"default", map[string]any{}, true},
	{"browser close", map[string]any{"SESSION_EXPIRE_AT_BROWSER_CLOSE": true}, false},
	{"save every request", map[string]any{"SESSION_SAVE_EVERY_REQUEST": true}, true},
	{"save every request, browser close", map[string]any{"SESSION_SAVE_EVERY_REQUEST": true, "SESSION_EXPIRE_AT_BROWSER_CLOSE": true}, false},
	{"name", map[string]any{"SESSION_COOKIE_NAME": "my_session"}, false},
	{"age", map[string]any{"SESSION_COOKIE_AGE": 3600}, false},
	{"domain", map[string]any{"SESSION_COOKIE_DOMAIN": ".example.com"}, false},
	{"path", map[string]any{"SESSION_COOKIE_PATH": "/app/"}, false},
	{"secure", map[string]any{"SESSION_COOKIE_SECURE": true}, false},
	{"not httponly", map[string]any{"SESSION_COOKIE_HTTPONLY": false}, false},
	{"samesite strict", map[string]any{"SESSION_COOKIE_SAMESITE": "Strict"}, false},
	{"samesite none", map[string]any{"SESSION_COOKIE_SAMESITE": "None"}, false},
	{"samesite absent", map[string]any{"SESSION_COOKIE_SAMESITE": false}, false},
	{"secure prefix", map[string]any{"SESSION_COOKIE_NAME": "__Secure-sid", "SESSION_COOKIE_SECURE": true}, false},
	{"everything", map[string]any{
		"SESSION_COOKIE_NAME": "__Host-s", "SESSION_COOKIE_AGE": 60, "SESSION_COOKIE_SECURE": true, "SESSION_COOKIE_HTTPONLY": false,
		"SESSION_COOKIE_SAMESITE": "None", "SESSION_SAVE_EVERY_REQUEST": true,
	}, false},
}
