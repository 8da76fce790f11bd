package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"mislaid/detectors/detectortest"
)

// ourAccount is the account that planted keys belong to.
const ourAccount = 29608264753

// planted is a credential that a test made.
type planted struct {
	id, secret, token string
	shape             string
}

func newKeyMaker(seed uint64) *detectortest.Keys {
	return detectortest.NewKeys(rand.New(rand.NewPCG(seed, 7)))
}

// planting makes a credential of a shape, and the text that holds it:
//
//	live, dead, wrong, stuck  a pair, which STS knows, does not know, knows with another secret, never answers about
//	foreign                   a live pair of another account
//	session                   a temporary key with its token
//	id                        a key id alone
//	sample                    the pair of AWS's own documentation
func planting(keys *detectortest.Keys, shape string) (planted, string) {
	k := planted{id: keys.KeyID("AKIA", ourAccount), secret: keys.Secret(), shape: shape}
	switch shape {
	case "live", "dead", "wrong", "stuck":
	case "foreign":
		k.id = keys.KeyID("AKIA", 111122223333)
	case "session":
		k.id, k.token = keys.KeyID("ASIA", ourAccount), keys.Token()
	case "id":
		k.secret = ""
	case "sample":
		k.id, k.secret = "AKIA"+"IOSFODNN7"+"EXAMPLE", "wJalrXUtnFEMI/K7MDENG"+"/bPxRfiCYEXAMPLEKEY"
	default:
		return k, ""
	}
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\n", k.id)
	if k.secret != "" {
		text += fmt.Sprintf("aws_secret_access_key = %s\n", k.secret)
	}
	if k.token != "" {
		text += fmt.Sprintf("aws_session_token = %s\n", k.token)
	}
	return k, text + "\n"
}

// fakeSTS answers GetCallerIdentity for planted keys. It checks no signature.
type fakeSTS struct {
	*httptest.Server
	stuck chan struct{} // a request for a stuck key has come

	mu    sync.Mutex
	keys  map[string]planted
	calls map[string]int // by key id
	told  []string       // what was told in requests that must not be: a secret
}

func newFakeSTS() *fakeSTS {
	s := &fakeSTS{stuck: make(chan struct{}, 1), keys: make(map[string]planted), calls: make(map[string]int)}
	s.Server = httptest.NewServer(s)
	return s
}

func (s *fakeSTS) know(k planted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[k.id] = k
}

func (s *fakeSTS) callsFor(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[id]
}

func (s *fakeSTS) waitStuck() error {
	select {
	case <-s.stuck:
		return nil
	case <-time.After(30 * time.Second):
		return errors.New("nobody asked about a stuck key")
	}
}

// Answers of the AWS STS API reference, GetCallerIdentity and Common Errors.
const (
	stsIdentity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::%[1]s:user/deploy</Arn><UserId>AIDAFAKE</UserId><Account>%[1]s</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>11111111-2222-3333-4444-555555555555</RequestId></ResponseMetadata></GetCallerIdentityResponse>`
	stsError    = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>11111111-2222-3333-4444-555555555555</RequestId></ErrorResponse>`
)

// ServeHTTP implements http.Handler.
func (s *fakeSTS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	id, _, _ := strings.Cut(rest, "/")
	s.mu.Lock()
	k := s.keys[id]
	s.calls[id]++
	if k.secret != "" && strings.Contains(fmt.Sprint(r.Header, r.URL, string(body)), k.secret) {
		s.told = append(s.told, id)
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/xml")
	refuse := func(code, message string) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, stsError, code, message)
	}
	switch k.shape {
	case "live", "session":
		fmt.Fprintf(w, stsIdentity, "029608264753")
	case "foreign":
		fmt.Fprintf(w, stsIdentity, "111122223333")
	case "wrong":
		refuse("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
	case "stuck":
		select {
		case s.stuck <- struct{}{}:
		default:
		}
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	default:
		refuse("InvalidClientTokenId", "The security token included in the request is invalid.")
	}
}
