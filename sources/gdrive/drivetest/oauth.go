package drivetest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// OAuth's two endpoints, and that of keyless signing.
const (
	tokenHost = "oauth2.googleapis.com"
	signHost  = "accounts.google.com"
	iamHost   = "iamcredentials.googleapis.com"
)

// Client is an OAuth client of the desktop kind.
type Client struct{ ID, Secret string }

// oauthState is the authorisation server's memory.
type oauthState struct {
	client  Client
	who     string // who sits at the browser
	codes   map[string]*consent
	refresh map[string]*consent
}

type consent struct {
	subject, redirect, challenge string
	scopes                       []string
	revoked                      bool
}

func (o *oauthState) revoke(subject string) {
	for _, c := range o.refresh {
		if c.subject == subject {
			c.revoked = true
		}
	}
}

// AllowClient registers an OAuth client; who is signed in at the browser.
func (s *Server) AllowClient(who string) Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oauth = oauthState{client: Client{ID: s.Project + "-client.apps.googleusercontent.com", Secret: "not-confidential-" + rand.Text()}, who: who, codes: map[string]*consent{}, refresh: map[string]*consent{}}
	return s.oauth.client
}

// ClientFile is what the console lets one download of a client. base is where
// the server's pages are for a browser, "" Google's own address.
func (s *Server) ClientFile(base string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	pages := "https://" + signHost
	if base != "" {
		pages = base + "/" + signHost
	}
	b, _ := json.Marshal(object{"installed": object{
		"client_id": s.oauth.client.ID, "client_secret": s.oauth.client.Secret, "redirect_uris": []string{"http://localhost"},
		"auth_uri": pages + "/o/oauth2/auth", "token_uri": "https://" + tokenHost + "/token", "project_id": "project",
	}})
	return b
}

// KeyFile is the service account's key, as the console lets one download it.
func (s *Server) KeyFile() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		panic(err)
	}
	b, _ := json.Marshal(object{
		"type": "service_account", "client_email": s.ServiceAccount, "client_id": s.Project, "private_key_id": "k1", "project_id": "project",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": "https://" + tokenHost + "/token",
	})
	return b
}

// signIn answers what belongs to signing in, and reports whether it did.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, host string) bool {
	switch {
	case host == tokenHost && r.URL.Path == "/token" && r.Method == http.MethodPost:
		s.token(w, r)
	case host == signHost && r.URL.Path == "/o/oauth2/auth" && r.Method == http.MethodGet:
		s.ask(w, r)
	case host == iamHost && r.Method == http.MethodPost && r.URL.Path == "/v1/projects/-/serviceAccounts/"+s.ServiceAccount+":signJwt":
		s.signJWT(w, r)
	default:
		return false
	}
	return true
}

func tokenError(w http.ResponseWriter, code int, name, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object{"error": name, "error_description": text})
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.count("token")
	if err := r.ParseForm(); err != nil {
		tokenError(w, 400, "invalid_request", "")
		return
	}
	if s.Fault != nil && s.Fault(w, r, "", "token") {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var c *consent
	switch r.Form.Get("grant_type") {
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		s.assertion(w, r.Form.Get("assertion"))
		return
	case "authorization_code":
		c = s.oauth.codes[r.Form.Get("code")]
		delete(s.oauth.codes, r.Form.Get("code"))
		sum := sha256.Sum256([]byte(r.Form.Get("code_verifier")))
		if c == nil || base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge || r.Form.Get("redirect_uri") != c.redirect {
			tokenError(w, 400, "invalid_grant", "Bad Request")
			return
		}
	case "refresh_token":
		if c = s.oauth.refresh[r.Form.Get("refresh_token")]; c == nil || c.revoked {
			tokenError(w, 400, "invalid_grant", "Token has been expired or revoked.")
			return
		}
	default:
		tokenError(w, 400, "unsupported_grant_type", "")
		return
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.Form.Get("client_id"), r.Form.Get("client_secret")
	}
	if id != s.oauth.client.ID || secret != s.oauth.client.Secret {
		tokenError(w, 401, "invalid_client", "Unauthorized")
		return
	}
	refresh := "1//" + "fake-" + rand.Text()
	s.oauth.refresh[refresh] = c
	s.send(w, object{"access_token": s.issue(c.subject, c.scopes), "refresh_token": refresh, "scope": strings.Join(c.scopes, " ")})
}

func (s *Server) send(w http.ResponseWriter, o object) {
	o["token_type"], o["expires_in"] = "Bearer", 3599
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(o)
}

// assertion exchanges a service account's signed claim for a token.
func (s *Server) assertion(w http.ResponseWriter, jwt string) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		tokenError(w, 400, "invalid_grant", "Invalid JWT")
		return
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(&s.key.PublicKey, crypto.SHA256, sum[:], sig) != nil {
		tokenError(w, 400, "invalid_grant", "Invalid JWT Signature.")
		return
	}
	var claims struct {
		Iss, Sub, Scope, Aud string
		Iat, Exp             int64
	}
	raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
	if json.Unmarshal(raw, &claims) != nil || claims.Iss != s.ServiceAccount || !strings.HasSuffix(claims.Aud, "/token") {
		tokenError(w, 400, "invalid_grant", "Invalid JWT")
		return
	}
	now := time.Now().Unix()
	if claims.Exp < now || claims.Iat > now+60 || claims.Exp-claims.Iat > 3600 {
		tokenError(w, 400, "invalid_grant", "Invalid JWT: Token must be a short-lived token and in a reasonable timeframe.")
		return
	}
	scopes := strings.Fields(claims.Scope)
	if claims.Sub != "" {
		if s.user(claims.Sub) == nil {
			tokenError(w, 400, "invalid_grant", "Invalid email or User ID")
			return
		}
		if slices.ContainsFunc(scopes, func(n string) bool { return !s.Delegated[n] }) || len(scopes) == 0 {
			tokenError(w, 401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.")
			return
		}
		s.send(w, object{"access_token": s.issue(claims.Sub, scopes)})
		return
	}
	s.send(w, object{"access_token": s.issue(s.ServiceAccount, scopes)})
}

func (s *Server) signJWT(w http.ResponseWriter, r *http.Request) {
	s.count("signJwt")
	g := s.who(r)
	var body struct{ Payload string }
	if g == nil || !slices.Contains(g.scopes, scopePrefix+"cloud-platform") && !slices.Contains(g.scopes, scopePrefix+"iam") {
		refusal{403, "global", "forbidden", "iam.serviceAccounts.signJwt"}.write(w)
		return
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil || body.Payload == "" {
		refusal{400, "global", "badRequest", "payload"}.write(w)
		return
	}
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT","kid":"k1"}`))
	signed := head + "." + base64.RawURLEncoding.EncodeToString([]byte(body.Payload))
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object{"keyId": "k1", "signedJwt": signed + "." + base64.RawURLEncoding.EncodeToString(sig)})
}

// ask is the page on which a person says yes or no.
func (s *Server) ask(w http.ResponseWriter, r *http.Request) {
	s.count("consent")
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil || back.Scheme != "http" || back.Hostname() != "127.0.0.1" || back.Port() == "":
		http.Error(w, "redirect_uri_mismatch", http.StatusBadRequest)
		return
	case q.Get("client_id") != s.oauth.client.ID, q.Get("response_type") != "code", q.Get("code_challenge_method") != "S256", q.Get("code_challenge") == "", q.Get("state") == "":
		s.tell("drivetest: an authorisation without client, code, PKCE or state: %v", q)
		http.Error(w, "invalid_request", http.StatusBadRequest)
		return
	}
	code := "4/" + "fake-" + rand.Text()
	s.oauth.codes[code] = &consent{subject: s.oauth.who, redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), scopes: strings.Fields(q.Get("scope"))}
	link := func(v url.Values) string {
		v.Set("state", q.Get("state"))
		u := *back
		u.RawQuery = v.Encode()
		return html.EscapeString(u.String())
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><title>Sign in</title><p>%s wants %s</p><a id="allow" href="%s">Allow</a> <a id="deny" href="%s">Cancel</a>`,
		html.EscapeString(q.Get("client_id")), html.EscapeString(q.Get("scope")), link(url.Values{"code": {code}}), link(url.Values{"error": {"access_denied"}}))
}
