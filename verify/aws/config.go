package aws

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config configures a Verifier. Its zero value asks STS in us-east-1.
type Config struct {
	Endpoint   string        // asked instead of AWS: https://host[:port], or http:// on this machine. "" AWS
	Region     string        // "" us-east-1, or that of the first partition
	Partitions []string      // asked about every key, in order; nil: the one of Region
	UserAgent  string        // how we name ourselves; "" "mislaid"
	Proxy      *url.URL      // nil: no proxy, whatever the environment says
	Timeout    time.Duration // of one call, from dialling to the last byte. 0: 8 s
	FIPS       bool          // ask the FIPS 140 endpoints, where a partition has them
	MaxKeyAge  time.Duration // above which a key counts as unrotated. 0: 90 days

	// OnHint is told before a partition is asked that only the text beside a
	// key names. nil: nobody is.
	OnHint func(partition, host string)

	Clock     func() time.Time  // signs and dates; nil: time.Now
	Transport http.RoundTripper // carries the calls instead of our own; nil outside tests
}

// target is one place to ask.
type target struct {
	partition string
	region    string
	url       string
	host      string // as evidence names it: without a port where it is the usual one
	addr      string // host:port
	optIn     bool   // accounts must enable the region: until then it knows none of their keys
}

// targets checks c and returns the places asked about every key.
func (c Config) targets() ([]target, error) {
	region := c.Region
	var names []string
	switch {
	case len(c.Partitions) > 0:
		names = c.Partitions
	case region == "":
		names = []string{"aws"}
	default:
		p, ok := partitionOfRegion(region)
		if !ok {
			return nil, fmt.Errorf("aws: region %q is in no partition we know", region)
		}
		names = []string{p.name}
	}
	var all []target
	for _, name := range names {
		p, ok := partitionNamed(name)
		if !ok {
			return nil, fmt.Errorf("aws: there is no partition %q", name)
		}
		t := p.target()
		if region != "" && p.has.MatchString(region) {
			t = p.targetIn(region)
		}
		if c.FIPS {
			if t, ok = t.fips(); !ok {
				return nil, fmt.Errorf("aws: STS has no FIPS endpoint in %s; the regions of the US and of Canada have, as in us-east-1", t.region)
			}
		}
		all = append(all, t)
	}
	if region != "" && !slices.ContainsFunc(all, func(t target) bool { return t.region == region }) {
		return nil, fmt.Errorf("aws: region %q is in none of the partitions %s", region, strings.Join(names, ", "))
	}
	if c.Endpoint == "" {
		return all, nil
	}
	if len(all) > 1 {
		return nil, errors.New("aws: one endpoint cannot serve several partitions")
	}
	u, err := parseEndpoint(c.Endpoint)
	if err != nil {
		return nil, err
	}
	all[0].url, all[0].host, all[0].addr = u.Scheme+"://"+u.Host, u.Host, hostPort(u)
	return all, nil
}

func (p partition) target() target { return p.targetIn(p.region) }

func (p partition) targetIn(region string) target {
	host := p.host(region)
	return target{p.name, region, "https://" + host, host, host + ":443", p.optIn(region)}
}

// fips returns the FIPS 140 endpoint of the same region. GovCloud's own are such
// endpoints; elsewhere only the US and Canada have them (AWS General Reference,
// STS endpoints, 2026).
func (t target) fips() (target, bool) {
	switch {
	case t.partition == "aws-us-gov":
		return t, true
	case t.partition == "aws" && (strings.HasPrefix(t.region, "us-") || strings.HasPrefix(t.region, "ca-")):
		host := "sts-fips." + t.region + ".amazonaws.com"
		return target{t.partition, t.region, "https://" + host, host, host + ":443", t.optIn}, true
	}
	return t, false
}

// parseEndpoint accepts https everywhere, and http where no network sees it.
func parseEndpoint(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return nil, errors.New("aws: the endpoint is not a URL") // err would quote it, with a password that may be in it
	case u.User != nil:
		return nil, errors.New("aws: the endpoint must not hold a user or a password")
	case u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("aws: the endpoint must look like https://sts.internal.example:8443")
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, errors.New("aws: the endpoint must be https, unless it is on this machine")
	}
	return nil, errors.New("aws: the endpoint must be https")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Hosts returns the host:port that every run with c contacts.
func Hosts(c Config) []string {
	targets, err := c.targets()
	if err != nil {
		return nil // New tells
	}
	var hosts []string
	if c.Proxy != nil {
		hosts = append(hosts, hostPort(c.Proxy))
	}
	for _, t := range targets {
		hosts = append(hosts, t.addr)
	}
	return hosts
}

// HostsOnHint returns the host:port that are contacted besides when the text
// beside a key hints at another partition.
func HostsOnHint(c Config) []string {
	if c.Endpoint != "" {
		return nil
	}
	targets, err := c.targets()
	if err != nil {
		return nil
	}
	var hosts []string
	for _, p := range partitions {
		if !p.public || slices.ContainsFunc(targets, func(t target) bool { return t.partition == p.name }) {
			continue
		}
		t, ok := p.target(), true
		if c.FIPS {
			t, ok = t.fips()
		}
		if ok {
			hosts = append(hosts, t.addr)
		}
	}
	return hosts
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
