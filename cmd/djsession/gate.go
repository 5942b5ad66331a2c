package main

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djgate"
	"github.com/go-djsession/go-djsession/djmetrics"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/gate"
)

// gateFlags say what to protect, and how.
type gateFlags struct {
	from    settingsFlags
	config  gate.Config
	check   string
	method  string
	trust   []string
	headers []string
	preset  string
	login   string
}

func (a *app) gateCommand() *cobra.Command {
	var f gateFlags
	c := &cobra.Command{
		Use:     "gate --rules FILE",
		GroupID: groupMore,
		Short:   "Protect other programs with the login of a Django site",
		Long: `gate lets only those reach another program who are logged in to the Django site, and
tells that program who they are. It reads the site's own sessions and writes none.

Without --upstream it answers the questions of a proxy at /verify (auth_request of
nginx), /verify/redirect (forward_auth of Caddy, ForwardAuth of Traefik) and /envoy/
(ext_authz of Envoy). With --upstream it is the proxy itself.

The rules say who may see which page, one a line; the first that matches decides:
    /static                 -> public
    GET,HEAD /reports       -> login
    grafana.example.org/    -> group "Operators", perm reports.view_report
    /admin                  -> staff
    /                       -> deny
SIGHUP reads them again. --check says what they make of a URL, and serves nothing.

/healthz says that the process lives, /readyz asks the store, /metrics counts verdicts:
at --status, or beside /verify. docs/gate.md has the configurations of the proxies.`,
		Example: `  djsession gate --settings profile.json --rules rules.txt --listen localhost:8001
  djsession gate --settings profile.json --rules rules.txt --upstream http://localhost:3000
  djsession gate --check rules.txt https://grafana.example.org/login`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return f.run(c.Context(), a, args) },
	}
	f.from.add(c)
	fs := c.Flags()
	fs.StringVar(&f.config.Rules, "rules", "", "`FILE` with the rules")
	fs.StringVar(&f.config.Listen, "listen", "localhost:8001", "`ADDRESS` to listen at: host:port or unix:PATH")
	fs.StringVar(&f.config.Status, "status", "", "`ADDRESS` of /healthz, /readyz and /metrics")
	fs.StringVar(&f.config.Upstream, "upstream", "", "`ADDRESS` of the program to protect, such as http://localhost:3000: be its proxy")
	fs.StringVar(&f.config.Cert, "tls-cert", "", "`FILE` with the certificate for --listen")
	fs.StringVar(&f.config.Key, "tls-key", "", "`FILE` with its key")
	fs.StringArrayVar(&f.trust, "trust", nil, "`NETWORK` of proxies that are believed, such as 10.0.0.0/8 (default this machine)")
	fs.StringVar(&f.login, "login-url", "", "`PAGE` for the login, a path or an address (default LOGIN_URL of the site)")
	fs.StringArrayVar(&f.headers, "header", nil, "`WHAT=NAME`: the header for user, email, name or groups; - leaves it out")
	fs.StringVar(&f.preset, "header-preset", "", "the headers that `PROGRAM` reads: grafana")
	fs.StringArrayVar(&f.config.Options.Origins, "origin", nil, "further `ORIGIN` whose pages may open websockets, such as https://app.example.org")
	fs.DurationVar(&f.config.Options.Stale, "stale", 0, "`DURATION` for which a login is remembered, and a logout not noticed")
	fs.StringVar(&f.check, "check", "", "say what the rules in `FILE` make of each URL")
	fs.StringVar(&f.method, "method", "GET", "`METHOD` of the requests for --check")
	for _, name := range []string{"rules", "tls-cert", "tls-key", "check"} {
		_ = c.MarkFlagFilename(name)
	}
	for _, name := range []string{"listen", "status", "upstream", "trust", "login-url", "header", "origin", "stale"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	_ = c.RegisterFlagCompletionFunc("header-preset", choices("grafana"))
	_ = c.RegisterFlagCompletionFunc("method", choices("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
	return c
}

func (f *gateFlags) run(ctx context.Context, a *app, args []string) error {
	if f.check != "" {
		return f.checkURLs(a, args)
	}
	switch {
	case len(args) > 0:
		return usage("an argument too many", "URLs come with --check FILE")
	case f.config.Rules == "":
		return usage("there are no rules", "give --rules FILE; djsession gate --help shows what stands in it")
	}
	if err := f.setHeaders(); err != nil {
		return err
	}
	var trusted []netip.Prefix
	for _, text := range f.trust {
		p, err := netip.ParsePrefix(text)
		if addr, wrong := netip.ParseAddr(text); wrong == nil {
			p, err = addr.Prefix(addr.BitLen())
		}
		if err != nil || p.Bits() == 0 {
			return usage("--trust is not a network of proxies", "an address or a network, such as 10.0.0.0/8; never all of them")
		}
		trusted = append(trusted, p)
	}
	rules, err := gate.LoadRules(f.config.Rules)
	if err != nil {
		return gateProblem(err)
	}
	set, err := f.from.read(ctx, a, "")
	if err != nil {
		return err
	}
	if set == nil {
		return usage("there is no site", manageHint()+"give --settings FILE, or --manage DIR")
	}
	log := slog.New(slog.NewJSONHandler(a.Stderr, nil))
	f.config.Metrics = djmetrics.New()
	opts := &djsite.Options{
		Configure: func(in *djsession.Settings) {
			in.Logger, in.SaveEveryRequest, in.Observer = log, false, f.config.Metrics.Observe
			// The site's own proxies are in front of Django, and not of the gate.
			in.Proxies = djsession.LocalProxies()
			in.Proxies.Trusted = append(in.Proxies.Trusted, trusted...)
		},
		ConfigureAuth: func(in *djauth.Options) {
			in.ReadOnly = true
			if f.login != "" {
				in.LoginURL = f.login
			}
		},
		AskOptions: &djauth.AskOptions{Permissions: rules.Permissions()},
	}
	site, err := djsite.Open(ctx, set, opts)
	if err != nil {
		return settingsProblem(err)
	}
	defer site.Close()
	if site.Auth == nil {
		return refused("the site has no logins: django.contrib.auth is not in INSTALLED_APPS", "")
	}
	for _, w := range site.Warnings {
		a.Warn("%s", w)
	}
	f.config.Log = log
	f.config.Options.CSRFCookie = set.CSRF.CookieName
	return gateProblem(gate.Serve(ctx, site.Auth, f.config))
}

// setHeaders follows --header-preset and --header.
func (f *gateFlags) setHeaders() error {
	h := &f.config.Options.Headers
	switch f.preset {
	case "":
	case "grafana": // auth.proxy
		*h = djgate.Headers{User: "X-WEBAUTH-USER", Email: "X-WEBAUTH-EMAIL", Name: "X-WEBAUTH-NAME", Groups: "X-WEBAUTH-GROUPS"}
	default:
		return usage("--header-preset is not known", "there is one for grafana")
	}
	for _, pair := range f.headers {
		what, name, _ := strings.Cut(pair, "=")
		at := map[string]*string{"user": &h.User, "email": &h.Email, "name": &h.Name, "groups": &h.Groups}[what]
		if at == nil || name == "" {
			return usage("--header is not understood", "WHAT=NAME, where WHAT is user, email, name or groups: --header user=X-Remote-User")
		}
		*at = name
	}
	return nil
}

// checkURLs prints what the rules make of each URL.
func (f *gateFlags) checkURLs(a *app, urls []string) error {
	rules, err := gate.LoadRules(f.check)
	if err != nil {
		return gateProblem(err)
	}
	if len(urls) == 0 {
		a.Say("the rules are fine")
		return nil
	}
	for _, u := range urls {
		status, line, err := rules.Check(f.method, u)
		switch {
		case err != nil:
			a.Say("refused    no certain meaning  %s", u)
		case line == 0:
			a.Say("denied     no line matches     %s", u)
		default:
			a.Say("%-10s line %-14d %s", map[int]string{200: "everybody", 401: "by login", 403: "denied"}[status], line, u)
		}
	}
	return nil
}

func gateProblem(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, djgate.ErrRules), errors.Is(err, gate.ErrConfig), errors.Is(err, djsession.ErrConfig):
		text := err.Error()
		for _, prefix := range []string{"djgate: ", "gate: ", "djsession: "} {
			text = strings.ReplaceAll(text, prefix, "")
		}
		return console.Because(err, text, "djsession gate --help shows what rules look like")
	}
	return console.FileProblem(err)
}
