package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"github.com/go-djsession/go-djsession/fixtures/demo"
	"github.com/go-djsession/go-djsession/signer"
)

// bundled copies a database that Django wrote to the folder dir, and logs how to use its
// sessions.
func bundled(dir, addr string) (path string, keys signer.Keys, err error) {
	var settings struct {
		SecretKey string `json:"SECRET_KEY"`
	}
	if err := json.Unmarshal(demo.Settings, &settings); err != nil {
		return "", keys, err
	}
	var sessions []struct{ Key, What string }
	if err := json.Unmarshal(demo.Sessions, &sessions); err != nil {
		return "", keys, err
	}
	path = filepath.Join(dir, "db.sqlite3")
	if err := os.WriteFile(path, demo.Database, 0o600); err != nil {
		return "", keys, err
	}
	for _, s := range sessions {
		log.Printf("%s: curl -H 'Cookie: sessionid=%s' http://%s/", s.What, s.Key, addr)
	}
	return path, signer.SecretKey(settings.SecretKey), nil
}
