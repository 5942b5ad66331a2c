package compat_test

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// unlike holds every difference from Django that is meant, with the reason. One that
// does not show any more fails the test.
var unlike = []struct {
	name, why string
	ours      map[string]string // what may differ, and what ours is then: a regular expression for brief
	where     func(at point) bool
}{
	{
		"no row for a stranger",
		"With SESSION_SAVE_EVERY_REQUEST Django stores an empty session for everybody whose cookie leads nowhere. Ours deletes the cookie.",
		map[string]string{"cookies": "deleted", "stored": "nothing"},
		func(at point) bool { return at.savesAlways() && at.leadsNowhere() && at.does("untouched") },
	},
	{
		"clear looks first",
		"Django clears without a look, and answers 400 when it finds nothing to save onto; an expired session it revives. Ours was read before, found not to be there, and its cookie is deleted.",
		map[string]string{"status": "200", "vary": "Cookie", "cookies": "deleted", "results": "ok", "stored": "nothing"},
		func(at point) bool { return at.leadsNowhere() && at.does("clear") },
	},
	{
		"capitals are another key",
		"MariaDB's usual collations find a row by its key in capitals, and so does Django. Ours takes a key in capitals for none.",
		map[string]string{"vary": "Cookie", "cookies": "none|deleted|a new key", "results": "ok", "stored": "nothing|the new row"},
		func(at point) bool { return at.database == mariadb && at.visit("upper case key") },
	},
	{
		"no new key for nothing",
		"Django's cycle_key stores an empty session when there was none. Ours has nothing to protect by a new key.",
		map[string]string{"cookies": "none|deleted", "stored": "nothing|the old row is gone"},
		func(at point) bool {
			return (at.leadsNowhere() || at.noKey()) && at.does("cycle") || at.scenario == "flush, then cycle" && at.step == 1
		},
	},
	{
		"an expired row is left to clearsessions",
		"Django's flush deletes the row of an expired session. Ours has not found one.",
		map[string]string{"stored": "nothing"},
		func(at point) bool { return at.visit("expired") && at.does("flush") },
	},
	{
		"hands off what does not decode",
		"Django takes the row over, empty, or deletes it. With a wrong SECRET_KEY that would destroy every session of the site: ours leaves the row and gives the visitor a new key when there is something to store.",
		map[string]string{"cookies": "none|deleted|a new key", "stored": "nothing|the new row"},
		func(at point) bool { return at.visit("corrupt row") },
	},
	{
		"a cycled key survives an error",
		"Django's cycle_key deletes the old row at once; when the view then fails, no cookie is sent and the session is lost. Ours deletes the old row when the new cookie goes out.",
		map[string]string{"cookies": "none|the old key", "results": "ok", "stored": "nothing"},
		func(at point) bool { return at.scenario == "a view that fails after a cycle" && at.step > 0 },
	},
	{
		"the cookie follows every Save",
		"Django sends no cookie when the view saved by itself and the session was not modified, or the view failed, though the expiry was moved. Ours keeps row and cookie together.",
		map[string]string{"vary": "Cookie", "cookies": "the old key"},
		func(at point) bool {
			return at.scenario == "saved by the view" && at.step == 2 || at.scenario == "a view that fails after a save" && at.step == 1
		},
	},
	{
		"Vary with every cookie",
		"Before 5.2.14 Django did not vary on a session that was saved but not read (CVE-2026-35192).",
		map[string]string{"vary": "Cookie"},
		func(at point) bool { return (at.django == "3.2" || at.django == "4.2") && !at.scenarioReads() },
	},
	{
		"moments on Django 3.2",
		"Django 3.2 cannot store the moment of set_expiry in JSON and fails. Ours stores the seconds that are left.",
		map[string]string{"status": "200", "vary": "Cookie|", "cookies": ".*", "results": "ok", "stored": ".*"},
		func(at point) bool {
			return at.django == "3.2" && slices.Contains([]string{
				"expiry at a moment", "expiry at a moment, to the end", "expiry after a while, then the policy again", "expiry in the past",
			}, at.visitOrName())
		},
	},
}

// excused reports whether the table unlike allows what to differ there, and whether ours
// is what it says.
func excused(at point, what string, ours any) bool {
	for _, u := range unlike {
		if want, ok := u.ours[what]; ok && u.where(at) {
			used.Store(u.name, true)
			return regexp.MustCompile("^(" + want + ")$").MatchString(brief(what, ours))
		}
	}
	return false
}

// brief is something observed without what differs from one site to another.
func brief(what string, observed any) string {
	switch what {
	case "cookies":
		for _, line := range observed.([]string) {
			_, value, _ := strings.Cut(line, "=")
			value, _, _ = strings.Cut(value, ";")
			return strings.Replace(value, `""`, "deleted", 1)
		}
		return "none"
	case "stored":
		var all []string
		for _, change := range observed.([]string) {
			change, _, _ = strings.Cut(change, " is {")
			all = append(all, change)
		}
		return cmp.Or(strings.Join(all, ", "), "nothing")
	case "vary":
		return strings.Join(observed.([]string), ", ")
	case "results":
		return "ok" // what was read is compared step by step
	}
	return fmt.Sprint(observed)
}

// savesAlways reports whether the site has SESSION_SAVE_EVERY_REQUEST.
func (at point) savesAlways() bool {
	i := slices.IndexFunc(siteSettings, func(s siteSetting) bool { return s.name == at.settings })
	return siteSettings[i].values["SESSION_SAVE_EVERY_REQUEST"] == true
}

// visitOrName is the name of the visit that the scenario was made of, or of the scenario.
func (at point) visitOrName() string {
	for _, v := range visits {
		if rest, ok := strings.CutPrefix(at.scenario, v.name+", "); ok && isTouch(rest) {
			return v.name
		}
	}
	return at.scenario
}

func isTouch(name string) bool {
	for _, to := range touch {
		if to.name == name {
			return true
		}
	}
	return false
}

func (at point) visit(name string) bool { return at.visitOrName() == name && at.scenario != name }

// does reports whether the step is the one where the scenario's touch happens.
func (at point) does(name string) bool {
	return at.scenario == at.visitOrName()+", "+name
}

// leadsNowhere reports whether the cookie of the scenario is one that could be a key, but
// is none of a session.
func (at point) leadsNowhere() bool {
	return slices.Contains([]string{
		"quoted cookie with escapes", "garbage", "garbage beyond ASCII", "path characters", "key of 8 characters",
		"key of 39 characters", "key of 41 characters", "key of 5000 characters", "unknown key", "upper case key",
		"two cookies, the good one first", "expired", "deleted",
	}, at.visitOrName())
}

// noKey reports whether the visitor has no cookie that could be a key.
func (at point) noKey() bool {
	return slices.Contains([]string{
		"no cookie", "empty cookie", "empty quoted cookie", "cookie without a name", "cookie of another name",
		"key of 7 characters", "two cookies, the last one empty",
	}, at.visitOrName())
}

// scenarioReads reports whether the step reads the session in Django's sense.
func (at point) scenarioReads() bool {
	for _, c := range slices.Concat(visitScenarios, scenarios) {
		if c.name == at.scenario {
			return slices.ContainsFunc(c.steps[at.step].ops, func(o op) bool { return o[0] != "modified" && o[0] != "vary" })
		}
	}
	return true
}
