package aws

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzEndpoint: what is accepted leads to the host it names, by https or not
// off this machine.
func FuzzEndpoint(f *testing.F) {
	for _, s := range []string{"https://sts.example", "http://127.0.0.1:80", "http://[::1]", "https://a@b", "https://h:x", "http://127.0.0.1@evil.example", "https://h/%2e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		targets, err := Config{Endpoint: endpoint}.targets()
		if endpoint == "" || err != nil {
			return
		}
		u, err := url.Parse(targets[0].url)
		if err != nil {
			t.Fatal(err)
		}
		if u.Scheme != "https" && !isLoopback(u.Hostname()) {
			t.Errorf("%q is asked without TLS", u.Hostname())
		}
		if u.User != nil || u.Path != "" || strings.ContainsAny(u.Host, "@/?#") || u.Hostname() == "" {
			t.Errorf("%q leads to %q", endpoint, targets[0].url)
		}
	})
}
