package smb2

import (
	"encoding/asn1"
	"errors"
	"fmt"
)

// Mechanism proves who we are: NTLM or Kerberos. Its methods are those of
// GSS-API, in the shape that github.com/cloudsoda/go-smb2 gives its initiators.
type Mechanism interface {
	OID() asn1.ObjectIdentifier
	InitSecContext() ([]byte, error)
	AcceptSecContext(token []byte) ([]byte, error)
	Sum(message []byte) []byte
	SessionKey() []byte
}

var oidSPNEGO = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 2}

// negRejected is the negState that ends it (RFC 4178 4.2.2).
const negRejected = 2

type negInit struct {
	Types []asn1.ObjectIdentifier `asn1:"explicit,tag:0"`
	Token []byte                  `asn1:"explicit,tag:2"`
}

type negResponse struct {
	State asn1.Enumerated       `asn1:"optional,explicit,tag:0,default:-1"`
	Mech  asn1.ObjectIdentifier `asn1:"optional,explicit,tag:1"`
	Token []byte                `asn1:"optional,explicit,tag:2"`
	MIC   []byte                `asn1:"optional,explicit,tag:3"`
}

// firstToken wraps the mechanism's first token (RFC 4178 4.2.1, RFC 2743 3.1).
func firstToken(m Mechanism) (_ []byte, err error) {
	defer mechanismPanic(&err)
	token, err := m.InitSecContext()
	if err != nil {
		return nil, err
	}
	oid, err := asn1.Marshal(oidSPNEGO)
	if err != nil {
		return nil, err
	}
	init, err := asn1.MarshalWithParams(negInit{[]asn1.ObjectIdentifier{m.OID()}, token}, "explicit,tag:0")
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassApplication, Tag: 0, IsCompound: true, Bytes: append(oid, init...)})
}

// nextToken answers the server's token.
func nextToken(m Mechanism, token []byte) (_ []byte, err error) {
	defer mechanismPanic(&err)
	var r negResponse
	if _, err := asn1.UnmarshalWithParams(token, &r, "explicit,tag:1"); err != nil {
		return nil, &ProtocolError{"its answer about the sign-in cannot be read"}
	}
	if r.State == negRejected {
		return nil, ErrMechanism
	}
	own, err := m.AcceptSecContext(r.Token)
	if err != nil {
		return nil, err
	}
	types, err := asn1.Marshal([]asn1.ObjectIdentifier{m.OID()})
	if err != nil {
		return nil, err
	}
	answer := struct {
		State asn1.Enumerated `asn1:"explicit,tag:0"`
		Token []byte          `asn1:"optional,explicit,tag:2,omitempty"`
		MIC   []byte          `asn1:"optional,explicit,tag:3,omitempty"`
	}{1, own, m.Sum(types)}
	return asn1.MarshalWithParams(answer, "explicit,tag:1")
}

// ErrMechanism says that the server wants another way of signing in.
var ErrMechanism = errors.New("the server does not take this way of signing in")

// mechanismPanic makes an error of a panic: mechanisms read what a server
// sends.
func mechanismPanic(err *error) {
	if p := recover(); p != nil {
		*err = &ProtocolError{fmt.Sprintf("its token makes the sign-in impossible (%T)", p)}
	}
}

// sessionKey asks the mechanism for the key, nil if it has none.
func sessionKey(m Mechanism) (key []byte) {
	defer func() {
		if recover() != nil {
			key = nil
		}
	}()
	return m.SessionKey()
}
