package djsettings

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// localIPs is the default of FORWARDED_ALLOW_IPS.
const localIPs = "127.0.0.1,::1"

// server reads in which program the site's Django runs: an option, the configuration that the
// probe saw inside of it, and the environment, in this order.
func (r *reader) server() {
	p := &r.set.Proxy
	var seen ProfileServer
	if r.doc.profile != nil && r.doc.profile.Server != nil {
		seen = *r.doc.profile.Server
		r.seenServer(&seen)
	}
	if ips := r.opts.ForwardedAllowIPs; ips != nil {
		p.AllowIPs = ips
	}
	if r.opts.Server != "" && r.opts.Server != p.Server {
		p.Server, p.Headers, p.RootPath = r.opts.Server, nil, ""
	}
	if p.Server == djsession.Uvicorn {
		p.RootPath = cmp.Or(p.RootPath, seen.Environment["UVICORN_ROOT_PATH"])
	}
	if _, err := p.proxies(); err != nil {
		r.errs = append(r.errs, fmt.Errorf("%w: %w", ErrSetting, err))
		return
	}
	// The rest is what nobody can tell.
	const cure = "give it in Options.Server and Options.ForwardedAllowIPs"
	switch {
	case p.Server == djsession.Waitress && (p.UseXForwardedHost || p.UseXForwardedPort):
		r.warn("USE_X_FORWARDED_HOST", "Waitress takes X-Forwarded-Host and X-Forwarded-Port away, so that they do not count in Django, nor in Go.")
	case p.Server != "":
	case seen.GunicornConf || seen.Environment["GUNICORN_CMD_ARGS"] != "":
		r.warn("FORWARDED_ALLOW_IPS", "gunicorn.conf.py or GUNICORN_CMD_ARGS may say whose headers count, and the probe did not run in gunicorn: "+cure+".")
	case p.ScriptName != "":
		r.warn("FORCE_SCRIPT_NAME", "with a WSGI server it is part of request.path, which is assumed; with an ASGI server it is not: "+cure+".")
	}
}

// seenServer takes what the probe saw. What cannot be followed is a Warning.
func (r *reader) seenServer(seen *ProfileServer) {
	p := &r.set.Proxy
	if seen.Name != "" {
		server, err := djsession.ParseServer(seen.Name)
		if err != nil {
			r.warn("the server", "The profile was made in %q, which is not known: give one that does as it in Options.Server.", printable(seen.Name))
		}
		p.Server = server
	}
	c := seen.Config
	ips, told := seen.Environment["FORWARDED_ALLOW_IPS"]
	if p.Server == djsession.Uvicorn {
		if text, ok := seen.Environment["UVICORN_FORWARDED_ALLOW_IPS"]; ok {
			ips, told = text, true
		}
	}
	if v, ok := c.Value("allow_ips"); ok {
		if list, isList := pyliteral.Sequence(v); isList {
			ips, told = texts(list), true
		}
	}
	if told && r.opts.ForwardedAllowIPs == nil {
		if _, err := djsession.ParseAllowIPs(p.Server, ips); err != nil {
			r.warn("FORWARDED_ALLOW_IPS", "A part of it is neither an address nor a network, and trusts nobody.")
			ips = addressesOf(p.Server, ips)
		}
		p.AllowIPs = &ips
	}
	if v, ok := c.Value("headers"); ok {
		list, _ := pyliteral.Sequence(v)
		p.Headers = []string{}
		for _, v := range list {
			if text, ok := v.(string); ok {
				p.Headers = append(p.Headers, text)
			}
		}
	}
	if p.RootPath = strings.TrimSuffix(c.Text("root_path"), "/"); p.RootPath != "" && !strings.HasPrefix(p.RootPath, "/") {
		p.RootPath = ""
		r.warn("the server", "its root path is no path, and is passed over.")
	}
	for _, name := range []string{"unknown_headers", "hops"} {
		if v, ok := c.Value(name); ok && v != nil {
			r.warn("the server", "%s: its configuration of %s is not followed: see Options.Server.", p.Server, name)
		}
	}
}

func texts(list []any) string {
	var all []string
	for _, v := range list {
		if text, ok := v.(string); ok {
			all = append(all, text)
		}
	}
	return strings.Join(all, ",")
}

// addressesOf returns the parts of a list that can be read.
func addressesOf(server djsession.Server, ips string) string {
	parts := strings.Split(ips, ",")
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool {
		_, err := djsession.ParseAllowIPs(server, part)
		return err != nil
	}), ",")
}

// proxies returns whose headers count.
func (p ProxySettings) proxies() (djsession.Proxies, error) {
	ips := localIPs
	if p.AllowIPs != nil {
		ips = *p.AllowIPs
	}
	set, err := djsession.ParseAllowIPs(p.Server, ips)
	if _, known := djsession.ParseServer(string(p.Server)); p.Server != "" {
		err = errors.Join(known, err)
	}
	set.Headers, set.SSLHeader, set.SSLValue = p.Headers, p.SSLHeader, p.SSLValue
	return set, err
}

// Prefix is what Django puts before the path of a request that came without it: by WSGI
// FORCE_SCRIPT_NAME, and --root-path of uvicorn.
func (p ProxySettings) Prefix() string {
	switch {
	case p.Server == djsession.Uvicorn:
		return p.RootPath
	case p.Server.IsASGI():
		return ""
	}
	return p.ScriptName
}

// ForwardedHost reports whether X-Forwarded-Host counts: USE_X_FORWARDED_HOST, unless the
// server takes the header away.
func (p ProxySettings) ForwardedHost() bool {
	return p.UseXForwardedHost && p.Server != djsession.Waitress
}

// ForwardedPort does the same for X-Forwarded-Port.
func (p ProxySettings) ForwardedPort() bool {
	return p.UseXForwardedPort && p.Server != djsession.Waitress
}
