package djsite_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// certs are a CA, a CA that has signed nothing, and certificates of two servers: one for
// this machine, one for another name.
type certs struct {
	ca, stranger       string // files
	here, hereKey      string
	elsewhere, elseKey string
	client, clientKey  string
	self, selfKey      string // for this machine, signed by itself
	expired, expKey    string // for this machine, and over
}

var madeCerts struct {
	once sync.Once
	certs
	err error
}

// testCerts makes the certificates once for all tests.
func testCerts(t *testing.T) certs {
	t.Helper()
	madeCerts.once.Do(func() { madeCerts.certs, madeCerts.err = makeCerts() })
	if madeCerts.err != nil {
		t.Fatal(madeCerts.err)
	}
	return madeCerts.certs
}

func makeCerts() (c certs, err error) {
	dir, err := os.MkdirTemp("", "djsession-certs-") // servers that run as other users read it
	if err != nil {
		return c, err
	}
	cleanup = append(cleanup, dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return c, err
	}
	var serial int64
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err == nil {
			err = os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644)
		}
		return path
	}
	make := func(name string, tmpl, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, string, string) {
		key, kerr := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if kerr != nil {
			err = kerr
			return nil, nil, "", ""
		}
		serial++
		tmpl.SerialNumber, tmpl.NotBefore, tmpl.NotAfter = big.NewInt(serial), time.Now().Add(-2*time.Hour), until(tmpl)
		tmpl.Subject = pkix.Name{CommonName: name}
		if parent == nil {
			parent, parentKey = tmpl, key
		}
		der, derr := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, parentKey)
		if derr != nil {
			err = derr
			return nil, nil, "", ""
		}
		pkcs8, _ := x509.MarshalPKCS8PrivateKey(key)
		cert, perr := x509.ParseCertificate(der)
		if perr != nil {
			err = perr
		}
		return cert, key, write(name+".pem", "CERTIFICATE", der), write(name+".key", "PRIVATE KEY", pkcs8)
	}
	authority := func() *x509.Certificate {
		return &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	}
	leaf := func(names []string, ips ...net.IP) *x509.Certificate {
		return &x509.Certificate{DNSNames: names, IPAddresses: ips, KeyUsage: x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	}
	ca, caKey, caFile, _ := make("ca", authority(), nil, nil)
	_, _, c.stranger, _ = make("stranger", authority(), nil, nil)
	c.ca = caFile
	if err != nil {
		return c, err
	}
	_, _, c.here, c.hereKey = make("here", leaf([]string{"localhost"}, net.IPv4(127, 0, 0, 1)), ca, caKey)
	_, _, c.elsewhere, c.elseKey = make("elsewhere", leaf([]string{"db.example.test"}), ca, caKey)
	_, _, c.self, c.selfKey = make("self", leaf([]string{"localhost"}, net.IPv4(127, 0, 0, 1)), nil, nil)
	over := leaf([]string{"localhost"}, net.IPv4(127, 0, 0, 1))
	over.NotAfter = time.Now().Add(-time.Hour)
	_, _, c.expired, c.expKey = make("expired", over, ca, caKey)
	_, _, c.client, c.clientKey = make("client", leaf([]string{"client.example.test"}), ca, caKey)
	return c, err
}

// until returns when a certificate ends: in a day, unless it says so.
func until(tmpl *x509.Certificate) time.Time {
	if tmpl.NotAfter.IsZero() {
		return time.Now().Add(24 * time.Hour)
	}
	return tmpl.NotAfter
}

// cleanup lists folders that TestMain removes.
var cleanup []string
