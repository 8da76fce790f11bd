package smb2

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
)

// Config says how to connect. Host and Address must be set.
type Config struct {
	Host    string // the server as UNC paths name it
	Address string // host:port to dial
	Encrypt bool   // encrypt everything, or fail
	Keyless bool   // the session will be a guest's or nobody's: it has no key, so nothing can be signed

	Dial func(ctx context.Context, network, address string) (net.Conn, error) // nil: a net.Dialer
}

// Facts are what the server said of itself and of the session.
type Facts struct {
	Dialect         string // "3.1.1"
	SigningRequired bool   // the server insists
	Signing         string // "AES-GMAC"; "" where the session has no key
	Encryption      string // "AES-128-GCM"; "" where the server cannot
	Encrypted       bool   // all of this session is
	Guest           bool   // whoever we said we were, we are the guest
	Null            bool   // we are nobody
	DFS             bool   // the server knows DFS
	ServerGUID      [16]byte
}

var dialectNames = map[uint16]string{dialect202: "2.0.2", dialect210: "2.1", dialect300: "3.0", dialect302: "3.0.2", dialect311: "3.1.1"}

// Security modes.
const (
	signingEnabled  = 1
	signingRequired = 2
)

// Capabilities that we name.
const (
	capDFS        = 0x01
	capLargeMTU   = 0x04
	capEncryption = 0x40
)

// ErrNoEncryption says that Config.Encrypt asked for what the server cannot do.
var ErrNoEncryption = errors.New("the server cannot encrypt (SMB 3 is needed)")

// Connect dials the server and negotiates. It proves nothing yet: SignIn does.
func Connect(ctx context.Context, cfg Config) (*Conn, error) {
	dial := cfg.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	nc, err := dial(ctx, "tcp", cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	c := newConn(nc, cfg.Host)
	if cfg.Keyless {
		c.mode = signingEnabled
	}
	go c.receive()
	if err := c.negotiate(ctx); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("negotiate: %w", err)
	}
	if cfg.Encrypt && c.facts.Encryption == "" {
		_ = c.Close()
		return nil, ErrNoEncryption
	}
	c.facts.Encrypted = cfg.Encrypt
	return c, nil
}

// negotiate is [MS-SMB2] 2.2.3 and 2.2.4.
func (c *Conn) negotiate(ctx context.Context) error {
	dialects := []uint16{dialect202, dialect210, dialect300, dialect302, dialect311}
	b := make([]byte, 36, 160)
	le.PutUint16(b[0:], 36)
	le.PutUint16(b[2:], uint16(len(dialects)))
	le.PutUint16(b[4:], uint16(c.mode))
	le.PutUint32(b[8:], capDFS|capLargeMTU|capEncryption)
	_, _ = rand.Read(b[12:28])
	c.offered.client = b[8:28:28]
	for _, d := range dialects {
		b = le.AppendUint16(b, d)
	}
	b = append(b, make([]byte, align8(headerSize+len(b))-headerSize-len(b))...)
	le.PutUint32(b[28:], uint32(headerSize+len(b)))
	le.PutUint16(b[32:], 3)
	salt := make([]byte, 32)
	_, _ = rand.Read(salt)
	b = appendContext(b, 1, append([]byte{1, 0, 32, 0, 1, 0}, salt...)) // SHA-512
	b = appendContext(b, 2, []byte{2, 0, cipherGCM, 0, cipherCCM, 0})
	b = appendContext(b, 8, []byte{3, 0, signGMAC, 0, signCMAC, 0, signHMAC, 0})

	a, err := c.do(ctx, request{cmd: cmdNegotiate, body: b})
	if err != nil {
		return err
	}
	defer a.release()
	r, err := checked(a.msg, 65)
	if err != nil {
		return err
	}
	c.dialect = r.u16(4)
	c.facts.Dialect = dialectNames[c.dialect]
	if !slices.Contains(dialects, c.dialect) {
		return &ProtocolError{fmt.Sprintf("it chose dialect 0x%04X", c.dialect)}
	}
	c.facts.SigningRequired = r.u16(2)&signingRequired != 0
	copy(c.facts.ServerGUID[:], r.bytes(8, 16))
	caps := r.u32(24)
	c.offered.dialects, c.offered.answer = dialects, serverOffer(caps, c.facts.ServerGUID, r.u16(2), c.dialect)
	c.facts.DFS = caps&capDFS != 0
	c.largeMTU = caps&capLargeMTU != 0 && c.dialect != dialect202
	c.maxTransact, c.maxRead = c.limit(r.u32(28)), c.limit(r.u32(32))
	if r.err != nil {
		return r.err
	}
	c.signing = signHMAC
	if c.dialect >= dialect300 {
		c.signing = signCMAC
		if c.dialect < dialect311 && caps&capEncryption != 0 {
			c.cipher = cipherCCM
		}
	}
	if c.dialect == dialect311 {
		if err := c.contexts(r); err != nil {
			return err
		}
		c.hash.add(a.msg)
	}
	c.facts.Encryption = map[uint16]string{cipherCCM: "AES-128-CCM", cipherGCM: "AES-128-GCM"}[c.cipher]
	return nil
}

// limit is how many bytes one answer may carry.
func (c *Conn) limit(n uint32) int {
	if !c.largeMTU {
		return int(min(n, 1<<16))
	}
	return int(min(n, 1<<20))
}

func appendContext(b []byte, kind uint16, data []byte) []byte {
	b = append(b, make([]byte, align8(len(b)+headerSize)-headerSize-len(b))...)
	b = le.AppendUint16(b, kind)
	b = le.AppendUint16(b, uint16(len(data)))
	b = append(b, 0, 0, 0, 0)
	return append(b, data...)
}

// contexts reads what was negotiated for 3.1.1.
func (c *Conn) contexts(r *body) error {
	hashed := false
	at := r.u32(60) - headerSize
	for range r.u16(6) {
		kind, n := r.u16(int(at)), uint32(r.u16(int(at)+2))
		d := &body{b: r.bytes(at+8, n)}
		if r.err != nil {
			return r.err
		}
		switch kind {
		case 1:
			hashed = d.u16(0) == 1 && d.u16(4) == 1
		case 2:
			c.cipher = d.u16(2)
		case 8:
			c.signing = d.u16(2)
		}
		if d.err != nil {
			return d.err
		}
		at += uint32(align8(int(8 + n)))
	}
	switch {
	case !hashed:
		return &ProtocolError{"it chose no hash of ours"}
	case c.cipher != 0 && c.cipher != cipherGCM && c.cipher != cipherCCM:
		return &ProtocolError{"it chose no cipher of ours"}
	case c.signing > signGMAC:
		return &ProtocolError{"it chose no signature of ours"}
	}
	return nil
}

var signingNames = [...]string{"HMAC-SHA256", "AES-CMAC", "AES-GMAC"}

// Flags of a session.
const (
	sessionGuest   = 1
	sessionNull    = 2
	sessionEncrypt = 4
)

// SignIn makes the connection's session, once. An error that is a Status is the
// server's answer about the account; any other leaves open whether the server
// counted the attempt. A sign-in as guest succeeds: Facts says so.
func (c *Conn) SignIn(ctx context.Context, m Mechanism) error {
	token, err := firstToken(m)
	if err != nil {
		return err
	}
	a, err := c.setup(ctx, token)
	if err != nil {
		return err
	}
	defer func() { a.release() }()
	if a.msg.status() == StatusMoreProcessing {
		c.hash.add(a.msg)
		c.mu.Lock()
		c.session = a.msg.sessionID()
		c.mu.Unlock()
		if token, err = nextToken(m, securityBuffer(a.msg)); err != nil {
			return err
		}
		first := a
		if a, err = c.setup(ctx, token); err != nil {
			a = first
			return err
		}
		first.release()
		if a.msg.status() == StatusMoreProcessing {
			return &ProtocolError{"it wants more than two steps to sign in"}
		}
	} else if buf := securityBuffer(a.msg); len(buf) > 0 {
		if _, err := nextToken(m, buf); err != nil {
			return err
		}
	}
	return c.establish(a, m)
}

// establish makes the keys of the session that the answer confirms.
func (c *Conn) establish(a answer, m Mechanism) error {
	r, err := checked(a.msg, 9)
	if err != nil {
		return err
	}
	flags := r.u16(2)
	c.facts.Guest, c.facts.Null = flags&sessionGuest != 0, flags&sessionNull != 0
	c.mu.Lock()
	c.session = a.msg.sessionID()
	c.mu.Unlock()
	if c.session == 0 {
		return &ProtocolError{"it made no session"}
	}
	key := sessionKey(m)
	if c.facts.Guest || c.facts.Null || len(key) == 0 {
		if c.facts.Encrypted || flags&sessionEncrypt != 0 {
			return ErrNoEncryption
		}
		return nil
	}
	keys, err := newKeys(key, c.dialect, c.signing, c.cipher, c.hash)
	if err != nil {
		return err
	}
	// The answer itself is signed with the new key. Before 3.1.1 a server need
	// not sign it unless somebody insisted.
	if a.msg.flags()&flagSigned != 0 || c.dialect == dialect311 {
		if !keys.verify(a.msg) {
			if c.mode == signingEnabled {
				return nil // nobody has a key, whatever its flags say
			}
			return &ProtocolError{"the answer to the sign-in bears no valid signature"}
		}
	}
	c.facts.Encrypted = c.facts.Encrypted || flags&sessionEncrypt != 0
	if c.facts.Encrypted && keys.seal == nil {
		return ErrNoEncryption
	}
	c.mu.Lock()
	c.keys, c.signed = keys, true
	c.mu.Unlock()
	c.sealed.Store(c.facts.Encrypted)
	c.facts.Signing = signingNames[c.signing]
	return nil
}

// setup sends one token ([MS-SMB2] 2.2.5). Only the statuses that mean "go on"
// are no errors.
func (c *Conn) setup(ctx context.Context, token []byte) (answer, error) {
	b := make([]byte, 24, 24+len(token))
	le.PutUint16(b[0:], 25)
	b[3] = c.mode
	le.PutUint32(b[4:], capDFS)
	le.PutUint16(b[12:], headerSize+24)
	le.PutUint16(b[14:], uint16(len(token)))
	answers, err := c.exchange(ctx, request{cmd: cmdSessionSetup, body: append(b, token...)})
	if err != nil {
		return answer{}, err
	}
	a := answers[0]
	if s := a.msg.status(); s != StatusOK && s != StatusMoreProcessing {
		a.release()
		return answer{}, s
	}
	return a, nil
}

func securityBuffer(msg header) []byte {
	r, err := checked(msg, 9)
	if err != nil {
		return nil
	}
	return r.variable(uint32(r.u16(4)), uint32(r.u16(6)))
}

// Facts returns what is known since SignIn.
func (c *Conn) Facts() Facts { return c.facts }
