package smb

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Target is a place on a file server as a person names it.
type Target struct {
	Domain, User string // who signs in; "" says nothing
	Host         string // lower case; an IPv6 address without brackets
	Port         int    // 0: 445
	Share        string // "": every readable share
	Path         string // within the share, separated by slashes; "": all of it
}

// DefaultPort is where file servers listen.
const DefaultPort = 445

// scheme begins the normal form of a target.
const scheme = "smb://"

// IsTarget reports whether s is spelled like a target.
func IsTarget(s string) bool {
	return strings.HasPrefix(s, "smb:") || strings.HasPrefix(s, `\\`) || strings.HasPrefix(s, "//")
}

// ParseTarget reads smb://[domain;]user@host[:port]/share/path, \\host\share\path
// or //host/share/path.
func ParseTarget(s string) (Target, error) {
	var t Target
	var host, path string
	switch {
	case strings.HasPrefix(s, scheme):
		u, err := url.Parse(s)
		if err != nil {
			return t, errors.New("not an address of the form smb://[domain;]user@host[:port]/share/path; write % as %25")
		}
		if _, has := u.User.Password(); has {
			return t, errors.New("a password in a target ends up in process lists and histories; say with --smb-password where it is kept")
		}
		if u.RawQuery != "" || u.Fragment != "" || u.ForceQuery || strings.HasSuffix(s, "#") {
			return t, errors.New("write ? as %3F and # as %23")
		}
		t.User = u.User.Username()
		if domain, user, ok := strings.Cut(t.User, ";"); ok {
			t.Domain, t.User = domain, user
		}
		if strings.ContainsAny(t.User, ";") || t.Domain != "" && t.User == "" {
			return t, errors.New("the user is written domain;user")
		}
		host, path = u.Host, u.Path
		if strings.Contains(path, `\`) {
			return t, errors.New(`a path with \ in it; a URL has slashes`)
		}
	case strings.HasPrefix(s, `\\`):
		host, path, _ = strings.Cut(strings.ReplaceAll(s[2:], `\`, "/"), "/")
	case strings.HasPrefix(s, "//"):
		host, path, _ = strings.Cut(s[2:], "/")
		if strings.Contains(path, `\`) {
			return t, errors.New(`slashes and backslashes are mixed`)
		}
	default:
		return t, errors.New(`not spelled like smb://host/share, \\host\share or //host/share`)
	}
	if err := t.setHost(host); err != nil {
		return t, err
	}
	var err error
	t.Share, t.Path, err = splitPath(path)
	return t, err
}

func (t *Target) setHost(host string) error {
	if h, port, err := net.SplitHostPort(host); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("port %q is none", port)
		}
		host, t.Port = h, int(n)
		if t.Port == DefaultPort {
			t.Port = 0
		}
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	t.Host = strings.ToLower(host)
	if t.Host == "" {
		return errors.New("the server is missing")
	}
	if net.ParseIP(t.Host) == nil && strings.ContainsFunc(t.Host, func(r rune) bool {
		return !strings.ContainsRune("-._0123456789abcdefghijklmnopqrstuvwxyz", r) && (r <= 0x7f || r == 0xFFFD)
	}) {
		return fmt.Errorf("%q is no name of a server", host)
	}
	return nil
}

// splitPath cuts a path into the share and what is below it.
func splitPath(path string) (share, rest string, err error) {
	var names []string
	for name := range strings.SplitSeq(path, "/") {
		switch {
		case name == "":
			continue
		case name == "." || name == "..":
			return "", "", errors.New("a path with . or .. in it")
		case strings.ContainsAny(name, "\x00:\\"):
			return "", "", fmt.Errorf("%q is no name of a file or share", name)
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "", "", nil
	}
	return names[0], strings.Join(names[1:], "/"), nil
}

// String returns the target so that ParseTarget gives the same again.
func (t Target) String() string {
	u := url.URL{Scheme: "smb", Host: t.address(), Path: "/" + t.Share}
	if t.Path != "" {
		u.Path += "/" + t.Path
	}
	if u.Path == "/" {
		u.Path = ""
	}
	if user := t.User; user != "" {
		if t.Domain != "" {
			user = t.Domain + ";" + user
		}
		u.User = url.User(user)
	}
	return u.String()
}

// address is host[:port] as a URL has it.
func (t Target) address() string {
	host := t.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if t.Port != 0 {
		host += ":" + strconv.Itoa(t.Port)
	}
	return host
}

// dialAddress is host:port.
func (t Target) dialAddress() string {
	port := t.Port
	if port == 0 {
		port = DefaultPort
	}
	return net.JoinHostPort(t.Host, strconv.Itoa(port))
}

// name is what the Source of the target's server is called.
func (t Target) name() string { return scheme + t.address() }
