package slackfiles

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"mislaid/sources"
)

// hosts are Slack's file hosts (docs.slack.dev, "File object" and "GovSlack", 2026).
var hosts = []string{"files.slack.com", "files.slack-gov.com"}

// Hosts are the hosts that may be asked for files, host:port, as a report names
// them.
func (c *Client) Hosts() []string {
	all := slices.Clone(hosts)
	if c.api != nil {
		all = append(all, c.api.Host)
	}
	return all
}

// tokenKeys are the parameters in which Slack's links carry a token.
var tokenKeys = []string{"t", "token"}

// address is where a file is, without its token.
type address struct {
	url   url.URL
	key   string // the parameter that held the token
	token string // "" if there was none
}

// parse reads the address of a file. Its errors do not quote it.
func (c *Client) parse(raw string) (address, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return address{}, fmt.Errorf("its address is none: %w", sources.ErrUnsupported)
	}
	if !c.allows(u) {
		return address{}, fmt.Errorf("it lies at a host that is not one of Slack's file hosts, and is not asked for there: %w", sources.ErrUnsupported)
	}
	a := address{url: *u}
	q := u.Query()
	for _, key := range tokenKeys {
		if a.token == "" && q.Get(key) != "" {
			a.key, a.token = key, q.Get(key)
		}
		q.Del(key)
	}
	a.url.RawQuery, a.url.Fragment, a.url.RawFragment = q.Encode(), "", ""
	return a, nil
}

// withToken is the address as Slack's links have it.
func (a address) withToken() *url.URL {
	u := a.url
	q := u.Query()
	q.Set(a.key, a.token)
	u.RawQuery = q.Encode()
	return &u
}

// allows reports whether a file may be asked for at u: one of the hosts, exactly,
// over TLS at the usual port; or where the API is that was named.
func (c *Client) allows(u *url.URL) bool {
	if u.User != nil {
		return false
	}
	if c.api != nil && u.Scheme == c.api.Scheme && u.Host == c.api.Host {
		return true
	}
	return u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") && slices.Contains(hosts, strings.ToLower(u.Hostname()))
}
