# What CI runs, by parts. `make check` is all of it; see CONTRIBUTING.md.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
ACTIONLINT = github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
APIDIFF = golang.org/x/exp/cmd/apidiff@v0.0.0-20261113113407-e3970619a1a4
GORELEASER = github.com/goreleaser/goreleaser/v2@v2.15.1
CYCLONEDX = github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

# The packages that import nothing but the standard library.
CORE = ./signer/... ./serializer/... ./djsession ./djsession/memstore ./djsession/storetest ./djsession/cookiestore \
	./djsession/cachestore ./djsession/cacheddbstore ./djsession/movingstore ./djcache \
	./djauth ./djauth/presets ./djauth/userstest ./djcsrf ./djgate ./djmessages ./djsettings ./internal/pyliteral ./internal/pyclients ./internal/errtext ./internal/venv \
	./internal/base62 ./internal/httpcookie ./internal/waitlock ./internal/inflate ./internal/deflate ./internal/djangodb ./internal/sqldb ./internal/cachevalue ./internal/testkit/testserver

# The packages that also run on a machine of 32 bits: all but those that start
# browsers and whole sites, or only serve other packages' tests.
CORE32 = $(CORE) ./fixtures ./djmetrics ./djauth/hashers ./djauth/dbusers ./djauth/pgxusers ./djsite ./cmd/djsession \
	./djsession/filestore ./djsession/redisstore ./djsession/dbstore ./djsession/pgxstore \
	./djcache/locmem ./djcache/filecache ./djcache/memcached ./djcache/rediscache ./djcache/dbcache \
	./internal/console ./internal/fault ./internal/payload ./internal/unverified ./internal/census ./internal/explain ./internal/gate ./internal/status ./internal/upkeep ./internal/convert ./internal/demo ./internal/migrate \
	./internal/atomicfile ./internal/redisops ./internal/handover ./internal/linger ./internal/userstable ./internal/testkit/hostile ./internal/vectors ./djsessiontest

FUZZTIME = 10s
PICKLE_FUZZTIME = 60s

.PHONY: check test lint race core32 cross tidy fuzz api reproducible bench fixtures options matrix sites faults costs soak drivers failover snapshot publish fleet gatebench traefik envoy valkey

check: lint tidy test race core32 cross fuzz api reproducible

# examples/frameworks, compat_test/bench and compat_test/deploy are modules of their own.
test:
	go test ./...
	go -C examples/frameworks test ./...
	go -C compat_test/bench test ./...
	go -C compat_test/deploy test ./...

lint:
	@unformatted=$$(gofmt -l .); echo "gofmt: $${unformatted:-fine}"; test -z "$$unformatted"
	go vet ./...
	go -C examples/frameworks vet ./...
	go -C compat_test/bench vet ./...
	go -C compat_test/deploy vet ./...
	go run $(STATICCHECK) ./...
	./.ci/vulncheck_test
	./.ci/vulncheck $(GOVULNCHECK)
	go run $(ACTIONLINT) -shellcheck= -pyflakes=

race:
	# These tests bound time and memory, of which the race detector takes ten times as much.
	go test -race -short -skip "TestWalksAreBounded|TestReadIsLinear" $(CORE) ./internal/... ./djsession/filestore ./djsession/redisstore ./djcache/... ./djauth/... ./djsite ./cmd/...
	go test -race -run 'TestSQLite/plain' ./djsession/dbstore

core32:
	CGO_ENABLED=0 GOARCH=386 go test -short $(CORE32)

cross:
	CGO_ENABLED=0 GOOS=windows go build -trimpath ./...
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go build -trimpath ./...

tidy:
	go mod tidy -diff
	go -C examples/frameworks mod tidy -diff
	go -C compat_test/bench mod tidy -diff
	go -C compat_test/drivers mod tidy -diff
	go -C compat_test/deploy mod tidy -diff
	git diff --exit-code

fuzz:
	./.ci/fuzz $(FUZZTIME) $(PICKLE_FUZZTIME)

# The exported API beside that of the last release.
api:
	./.ci/api $(APIDIFF) $(UPDATE)

# Two builds in two folders are equal. FULL=-full builds for all systems of a release, and shares
# no cache.
reproducible:
	go test -tags release ./internal/release -run '^TestReproducible$$' $(FULL)

# A release that is not published: dist/ has it. goreleaser takes some minutes to build.
snapshot:
	go run $(GORELEASER) check
	go run $(GORELEASER) release --snapshot --clean

# What .github/workflows/release.yml does with a tag.
publish:
	go run $(GORELEASER) release --clean --release-notes $(NOTES)

# Measures beside the peers, which takes ten minutes on a quiet machine, and writes
# docs/BENCHMARKS.md and docs/SCALE.md. BENCH="-big 10000000" adds tables of so many rows, and
# BENCH="-rows NAME" measures those rows anew and keeps the others.
BENCH =
bench:
	go -C compat_test/bench test -v -timeout 60m -run TestBench -args -write $(CURDIR)/docs $(BENCH)

# The gate beside a Django view that does the same, which takes three minutes on a quiet
# machine, and writes the table of docs/gate.md.
gatebench:
	go test -v -timeout 20m ./compat_test/gate -run '^TestBench$$' -measure -write

# The tests of the gate behind Traefik, which takes some minutes to build, and behind Envoy.
traefik:
	proxy=$$(compat_test/gate/proxies.sh traefik) && go test -v ./compat_test/gate -args -traefik "$$proxy"
envoy:
	proxy=$$(compat_test/gate/proxies.sh envoy) && go test -v ./compat_test/gate -args -envoy "$$proxy"

# Written anew by real Djangos; a second run changes nothing.
fixtures:
	compat_test/setup.sh
	fixtures/gen/run.sh
	fixtures/gen/caches.sh

# The options of the newest clients, which CI does not look at.
options:
	compat_test/options/newest.sh

# The table of what was checked against which Django.
matrix:
	go test ./compat_test -update

# Published sites with Go beside them. It installs them from PyPI into the user's cache, which
# takes an hour the first time, so it is no part of check.
sites:
	go test -v -timeout 3h ./compat_test/sites -sites all -update

# All tests of Redis, on Valkey. The tests run the most important ones anyway.
valkey:
	for v in 9.0 9.1; do DJSESSION_TEST_REDIS=valkey-server-$$v \
		go test -count=1 ./internal/redisops/... ./djsession/redisstore ./djcache/rediscache || exit 1; done

# A Redis Cluster of six processes: a planned failover, and a primary that is killed.
failover:
	go test -v -tags failover ./internal/redisops -run '^Test(ClusterFailover|PlannedFailover)$$'

# All faults of all engines, and their table. CI runs a part of them with the tests.
faults:
	go test -v -timeout 3h ./compat_test/faults -run '^(TestFaults|TestColumnsCount)$$' -full

# What fails, and how long it takes, of the first 1,000 requests after a restart, while a
# cache is dead or frozen, and behind poolers: the table.
costs:
	go test -v -timeout 1h ./compat_test/faults -run '^TestFirstRequests$$' -costs

# dbstore with drivers that no program inherits; mattn's needs gcc.
drivers:
	go -C compat_test/drivers test -v ./...

# Go and a real Django under load while their servers die, and the table of it.
SOAK = 20m
soak:
	go test -v -timeout 24h ./compat_test/faults -run '^TestSoak$$' -soak $(SOAK)

# A census and a logout everywhere among a million sessions, and the table of docs/fleet.md.
fleet:
	go test -v -timeout 1h ./compat_test/fleet -run '^TestFleet$$' -sessions 1000000 -write ../../docs/fleet.md
