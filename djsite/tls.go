package djsite

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/errtext"
)

// trust says how much of a server's certificate a client verifies.
type trust int

const (
	trustAny   trust = iota // nothing
	trustChain              // the chain: who signed it
	trustName               // the chain and the name
)

// tlsConfig returns the TLS of a client. With nil roots it trusts those of this machine.
func tlsConfig(host string, t trust, roots *x509.CertPool) *tls.Config {
	cfg := &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12}
	if t == trustName {
		return cfg
	}
	cfg.InsecureSkipVerify = true // for trustChain, VerifyConnection verifies the chain
	if t == trustChain {
		cfg.VerifyConnection = func(cs tls.ConnectionState) error {
			if len(cs.PeerCertificates) == 0 {
				return errors.New("the server sent no certificate")
			}
			opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
			for _, c := range cs.PeerCertificates[1:] {
				opts.Intermediates.AddCert(c)
			}
			_, err := cs.PeerCertificates[0].Verify(opts)
			return err
		}
	}
	return cfg
}

// authorities are the certificates that a site trusts.
type authorities struct {
	pool  *x509.CertPool
	found bool
}

// addFile adds the certificates of a PEM file.
func (a *authorities) addFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return errtext.Hide(djsettings.ErrSetting, "the file with the server's certificates cannot be read", err)
	}
	if !a.pool.AppendCertsFromPEM(text) {
		return fmt.Errorf("%w: the file with the server's certificates holds none", djsettings.ErrSetting)
	}
	a.found = true
	return nil
}

// addFolder adds the certificates of the PEM files in a folder. OpenSSL finds them by the
// names that c_rehash gives them.
func (a *authorities) addFolder(path string) error {
	files, err := os.ReadDir(path)
	if err != nil {
		return errtext.Hide(djsettings.ErrSetting, "the folder with the server's certificates cannot be read", err)
	}
	found := false
	for _, f := range files {
		if text, err := os.ReadFile(filepath.Join(path, f.Name())); err == nil && a.pool.AppendCertsFromPEM(text) {
			found = true
		}
	}
	if !found {
		return fmt.Errorf("%w: the folder with the server's certificates holds none", djsettings.ErrSetting)
	}
	a.found = true
	return nil
}

// addData adds the certificates of a text in PEM, or of bytes in DER.
func (a *authorities) addData(data []byte) error {
	if p, _ := pem.Decode(data); p != nil {
		if a.found = a.pool.AppendCertsFromPEM(data); a.found {
			return nil
		}
	} else if all, err := x509.ParseCertificates(data); err == nil && len(all) > 0 {
		for _, c := range all {
			a.pool.AddCert(c)
		}
		a.found = true
		return nil
	}
	return fmt.Errorf("%w: the server's certificates cannot be read", djsettings.ErrSetting)
}

// clientCertificate reads the client's certificate and its key. Both may be in one file.
func clientCertificate(cert, key string) ([]tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, errtext.Hide(djsettings.ErrSetting, "the client's certificate cannot be used, or its key, which may not be encrypted", err)
	}
	return []tls.Certificate{pair}, nil
}

// tlsHint says what is wrong with a server's certificate; "" for any other error.
func tlsHint(err error) string {
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name):
		return ": the server's certificate is of another name than the settings have for its host"
	case errors.As(err, &unknown):
		return ": the server's certificate is signed by nobody whom the settings or this machine trust"
	case errors.As(err, &invalid):
		return ": the server's certificate is not valid"
	}
	return ""
}
