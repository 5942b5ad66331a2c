#!/usr/bin/env bash
# Looks at the options of the newest releases of all Python clients, in a virtual environment that is removed afterwards.
# What pip cannot install is left out with a sentence.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

python=${PYTHON:-python3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/venv"
for package in Django redis valkey django-redis django-valkey pymemcache pylibmc python-memcached python-binary-memcached \
	'psycopg[binary]' psycopg2-binary mysqlclient PyMySQL mysql-connector-python; do
	"$folder/venv/bin/python" -m pip install -q --disable-pip-version-check "$package" 2>"$folder/log" ||
		printf 'options: %s could not be installed, and is left out\n' "$package" >&2
done
"$folder/venv/bin/python" -m pip list --disable-pip-version-check
go test . -count 1 -v -run 'TestEveryOption' -python "$folder/venv/bin/python"
