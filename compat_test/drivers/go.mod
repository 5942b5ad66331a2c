module github.com/go-djsession/go-djsession/compat_test/drivers

go 1.26.0

require (
	github.com/go-djsession/go-djsession v0.0.0
	github.com/go-sql-driver/mysql v1.10.1
	github.com/mattn/go-sqlite3 v1.14.53
	github.com/ncruces/go-sqlite3 v0.37.0
)

require (
	filippo.io/edwards25519 v1.2.0 // indirect
	github.com/ncruces/go-sqlite3-wasm/v6 v6.5.35401 // indirect
	github.com/ncruces/julianday v1.0.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/go-djsession/go-djsession => ../..
