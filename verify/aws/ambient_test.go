package aws

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"mislaid/internal/secret"
	"mislaid/verify"
	"mislaid/verify/awstest"
)

// TestEnvironmentChangesNothing sets every variable with which the SDK or the
// HTTP library could be led elsewhere, and looks at what leaves the machine:
// who is dialled, and the request.
func TestEnvironmentChangesNothing(t *testing.T) {
	dir := t.TempDir()
	bundle := filepath.Join(dir, "ca.pem")
	profile := filepath.Join(dir, "config")
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(bundle, "not a certificate")
	write(profile, "[default]\nregion = cn-north-1\nendpoint_url = http://127.0.0.1:1\n[profile trap]\nregion = cn-north-1\n")
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1",
		"AWS_PROFILE": "trap", "AWS_CONFIG_FILE": profile, "AWS_SHARED_CREDENTIALS_FILE": profile, "AWS_SDK_LOAD_CONFIG": "1",
		"AWS_REGION": "cn-north-1", "AWS_DEFAULT_REGION": "cn-north-1", "AWS_STS_REGIONAL_ENDPOINTS": "legacy",
		"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_CA_BUNDLE": bundle,
		"AWS_ACCESS_KEY_ID": "trap", "AWS_SECRET_ACCESS_KEY": "trap", "AWS_SESSION_TOKEN": "trap",
		"AWS_MAX_ATTEMPTS": "5", "AWS_RETRY_MODE": "adaptive", "AWS_SDK_UA_APP_ID": "trap", "AWS_EXECUTION_ENV": "trap",
		"AWS_LAMBDA_FUNCTION_NAME": "trap", "_X_AMZN_TRACE_ID": "trap", "AWS_DEFAULTS_MODE": "auto",
		"HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1",
		"http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1", "all_proxy": "http://127.0.0.1:1",
	} {
		t.Setenv(name, value)
	}
	k := awstest.Key{ID: awstest.KeyID("AKIA", awstest.Account), Secret: awstest.Secret()}
	fake := &awstest.Fake{}
	fake.Add(k)
	server := httptest.NewTLSServer(fake)
	defer server.Close()

	var mu sync.Mutex
	var dialled []string
	carry := transport(Config{})
	carry.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	carry.TLSClientConfig.ServerName = "example.com" // the test certificate's
	carry.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		dialled = append(dialled, address)
		mu.Unlock()
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	v, err := New(Config{Transport: carry})
	if err != nil {
		t.Fatal(err)
	}
	got := v.Verify(t.Context(), verify.Request{Credential: secret.Credential{Kind: secret.AccessKey, ID: k.ID, Secret: secret.New([]byte(k.Secret))}})
	if got.State != verify.Live {
		t.Fatalf("%+v", got)
	}
	if len(dialled) != 1 || dialled[0] != "sts.us-east-1.amazonaws.com:443" {
		t.Errorf("dialled %v", dialled)
	}
	calls := fake.Calls()
	if len(calls) != 1 || calls[0].Host != "sts.us-east-1.amazonaws.com" || calls[0].Region != "us-east-1" || calls[0].UserAgent != "mislaid" || calls[0].Token != "" {
		t.Fatalf("calls: %+v", calls)
	}
	allowed := map[string]bool{"Authorization": true, "User-Agent": true, "Content-Type": true, "Content-Length": true, "X-Amz-Date": true,
		"Amz-Sdk-Invocation-Id": true, "Amz-Sdk-Request": true, "Accept-Encoding": true}
	for name := range calls[0].Header {
		if !allowed[name] {
			t.Errorf("the request has a header %s", name)
		}
	}
}
