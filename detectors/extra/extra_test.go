package extra

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"hash/crc32"
	"strings"
	"testing"

	"mislaid/detectors"
	"mislaid/detectors/detectortest"
	"mislaid/internal/secret"
)

// random returns n characters of an alphabet.
func random(n int, alphabet string) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

// noise returns n random bytes.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

const (
	digits   = "0123456789"
	letters  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	alnum    = digits + letters
	upper    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	hexDigit = "0123456789abcdef"
)

func gitHubToken() string {
	body := random(30, alnum)
	n := crc32.ChecksumIEEE([]byte(body))
	sum := []byte("000000")
	for i := 5; i >= 0; i-- {
		sum[i] = base62[n%62]
		n /= 62
	}
	return "gh" + "p_" + body + string(sum)
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func ecKey() []byte {
	return must(x509.MarshalECPrivateKey(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))))
}

func pkcs8() []byte {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return must(x509.MarshalPKCS8PrivateKey(must(key, err)))
}

// sequence returns n random bytes as a key looks from outside.
func sequence(n int) []byte {
	return append([]byte{0x30, 0x82, byte(n >> 8), byte(n)}, noise(n)...)
}

func std(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func credential(kind secret.Kind, value string) []secret.Credential {
	return []secret.Credential{{Kind: kind, Secret: secret.New([]byte(value))}}
}

func accountFile(email string) (file, key string) {
	der := sequence(2400)
	text := must(json.MarshalIndent(map[string]string{
		"type": "service_account", "project_id": "demo-1", "private_key_id": random(40, hexDigit),
		"private_key": encodePEM("PRIVATE KEY", der), "client_email": email, "client_id": random(21, digits),
	}, "", "  "))
	return string(text) + "\n", std(der)
}

func TestAccept(t *testing.T) {
	hub, lab := gitHubToken(), "glpat"+"-"+random(20, alnum)
	fine := "github" + "_pat_" + random(22, alnum) + "_" + random(59, alnum)
	routable := "glpat" + "-" + random(27, alnum) + ".01." + random(9, digits+"abcdefghij")
	bot := "xo" + "xb-" + random(12, digits) + "-" + random(13, digits) + "-" + random(24, alnum)
	hook := random(24, alnum)
	storage := std(noise(64))
	ec, p8, rsa2 := ecKey(), pkcs8(), sequence(2400)
	ssh := append([]byte("openssh-key-v1\x00"), noise(300)...)
	account, accountKey := accountFile("robot@demo-1.iam.gserviceaccount.com")
	putty := std(noise(180))
	profile := func(want string) func(*testing.T, []detectors.Candidate) {
		return func(t *testing.T, cs []detectors.Candidate) {
			for _, c := range cs {
				if c.Hints.Profile != want || c.Confidence != detectors.High {
					t.Errorf("profile %q, confidence %s", c.Hints.Profile, c.Confidence)
				}
			}
		}
	}
	for _, ex := range []detectortest.Example{
		{Name: "GitHub", Text: "export GITHUB_TOKEN=" + hub + "\n", Want: credential(secret.GitHubToken, hub)},
		{Name: "GitHub in an address", Text: "https://x-access-token:" + hub + "@github.com/a/b", Want: credential(secret.GitHubToken, hub)},
		{Name: "GitHub, fine-grained", Text: "token: '" + fine + "'", Want: credential(secret.GitHubToken, fine)},
		{Name: "GitLab", Text: "PRIVATE-TOKEN: " + lab + "\n", Want: credential(secret.GitLabToken, lab)},
		{Name: "GitLab, end of a sentence", Text: "The token is " + lab + ". Keep it.", Want: credential(secret.GitLabToken, lab)},
		{Name: "GitLab, routable", Text: "t=" + routable + "\n", Want: credential(secret.GitLabToken, routable)},
		{Name: "Slack", Text: `{"token":"` + bot + `"}`, Want: credential(secret.SlackToken, bot)},
		{Name: "Slack webhook", Text: "curl https://hooks.slack.com/services/T" + random(9, upper) + "/B" + random(9, upper) + "/" + hook + "\n", Want: credential(secret.SlackWebhook, hook)},
		{Name: "Azure connection string", Text: "DefaultEndpointsProtocol=https;AccountName=teststore1;AccountKey=" + storage + ";EndpointSuffix=core.windows.net", Want: credential(secret.AzureStorage, storage), Check: profile("teststore1")},
		{Name: "Azure key", Text: "AZURE_STORAGE_KEY=\"" + storage + "\"\n", Want: credential(secret.AzureStorage, storage)},
		{Name: "EC key", Text: encodePEM("EC PRIVATE KEY", ec), Want: credential(secret.PrivateKey, std(ec))},
		{Name: "PKCS 8, CRLF", Text: strings.ReplaceAll(encodePEM("PRIVATE KEY", p8), "\n", "\r\n"), Want: credential(secret.PrivateKey, std(p8))},
		{Name: "key in YAML", Text: "tls:\n  key: |\n" + "    " + strings.ReplaceAll(strings.TrimSpace(encodePEM("EC PRIVATE KEY", ec)), "\n", "\n    ") + "\n", Want: credential(secret.PrivateKey, std(ec))},
		{Name: "key in JSON", Text: `{"key": "` + strings.ReplaceAll(encodePEM("EC PRIVATE KEY", ec), "\n", `\n`) + `"}`, Want: credential(secret.PrivateKey, std(ec))},
		{Name: "RSA key", Text: encodePEM("RSA PRIVATE KEY", rsa2), Want: credential(secret.PrivateKey, std(rsa2))},
		{Name: "OpenSSH key", Text: encodePEM("OPENSSH PRIVATE KEY", ssh), Want: credential(secret.PrivateKey, std(ssh))},
		{
			Name: "encrypted key", Want: credential(secret.PrivateKey, std(ssh)),
			Text: strings.Replace(encodePEM("RSA PRIVATE KEY", ssh), "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,"+random(32, "0123456789ABCDEF")+"\n\n", 1),
		},
		{Name: "service account", Text: account, Want: credential(secret.GoogleService, accountKey), Check: profile("robot@demo-1.iam.gserviceaccount.com")},
		{
			Name: "PuTTY", Want: credential(secret.PrivateKey, putty),
			Text: "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: me\nPublic-Lines: 1\n" + random(64, alnum) + "\nPrivate-Lines: 4\n" +
				putty[:64] + "\n" + putty[64:128] + "\n" + putty[128:192] + "\n" + putty[192:] + "\nPrivate-MAC: " + random(64, hexDigit) + "\n",
		},
	} {
		detectortest.Accept(t, New(), ex)
	}
}

// TestBigKey: the whole block, up to 8 KiB.
func TestBigKey(t *testing.T) {
	set := must(detectors.NewSet(New()))
	for _, n := range []int{2400, 4800, 5800} { // RSA of 4096 and 8192 bits
		der := sequence(n)
		text := "x\n" + encodePEM("RSA PRIVATE KEY", der) + "y\n"
		if got := detectortest.Scan(set, []byte(text), 5000); len(got) != 1 || got[0].Credential.Fingerprint() != credential("", std(der))[0].Fingerprint() {
			t.Errorf("%d bytes: %d finds", n, len(got))
		}
	}
}

// TestPasswords: a password has no fingerprint, because it can be guessed.
func TestPasswords(t *testing.T) {
	set := must(detectors.NewSet(New()))
	for url, profile := range map[string]string{
		"postgres://scott:tig3r-b1te@db.corp.internal:5432/app": "scott@db.corp.internal",
		"mongodb+srv://app:S0me%24thing@c0.abcde.mongodb.net/x": "app@c0.abcde.mongodb.net",
		"redis://:l0ngerthanmost@10.0.0.7:6379/0":               "@10.0.0.7",
		"mysql+pymysql://web:Tr0ub4dor&3@mysql/shop":            "web@mysql",
		"DATABASE_URL='postgresql://u:hunter22@localhost/x'":    "u@localhost",
	} {
		got := detectortest.Scan(set, []byte(url), 1000)
		if len(got) != 1 || got[0].Credential.Kind != secret.DatabaseURL || got[0].Credential.Fingerprint() != "" || got[0].Hints.Profile != profile {
			t.Errorf("%s: %d finds, %+v", url, len(got), got)
		}
	}
}

func TestRejects(t *testing.T) {
	set := must(detectors.NewSet(New()))
	hub := gitHubToken()
	wrong := hub[:20] + strings.Map(func(r rune) rune { return 'a' + (r-'a'+1)%26 }, "b") + hub[21:]
	if wrong == hub {
		wrong = hub[:20] + "0" + hub[21:]
	}
	ec := encodePEM("EC PRIVATE KEY", ecKey())
	lines := strings.Split(ec, "\n")
	der := ecKey()
	for name, text := range map[string]string{
		"wrong checksum":     wrong,
		"longer than it is":  "x" + hub,
		"placeholder":        "ghp_" + strings.Repeat("x", 36),
		"GitLab placeholder": "glpat-" + strings.Repeat("x", 20) + " glpat-your" + random(16, alnum),
		"Slack placeholder":  "xoxb-" + random(12, digits) + "-" + random(12, digits) + "-" + strings.Repeat("x", 24),
		"webhook":            "https://hooks.slack.com/services/T00000000/B00000000/" + strings.Repeat("X", 24),
		"emulator":           "AccountKey=" + azuriteKey + random(62, letters) + "==",
		"Azure, too short":   "AccountKey=" + std(noise(63)),
		"public key":         encodePEM("PUBLIC KEY", der),
		"certificate":        encodePEM("CERTIFICATE", der),
		"key without end":    strings.Join(lines[:len(lines)-2], "\n"),
		"key with a hole":    lines[0] + "\n...\n" + lines[len(lines)-2] + "\n",
		"cut key":            lines[0] + "\n" + lines[1] + "\n" + lines[len(lines)-2] + "\n",
		"ends of two sorts":  strings.Replace(ec, "END EC", "END RSA", 1),
		"no key":             encodePEM("EC PRIVATE KEY", noise(100)),
		"in code":            `if strings.Contains(s, "-----BEGIN RSA PRIVATE KEY-----") { return "-----END RSA PRIVATE KEY-----" }`,
		"URL, variable":      "postgres://app:${DB_PASSWORD}@db/app postgres://app:<password>@db/app postgres://u:%s@h/db redis://:{{pw}}@db",
		"URL, placeholder":   "postgres://user:password@host/db mysql://root:root@db/x postgres://u:changeme@db/x mongodb://a:xxxx@db/x amqp://guest:guest@mq",
		"URL, example":       "postgres://u:hunter22@example.com/db postgres://u:hunter22@db.example.org/db",
		"URL without":        "postgres://db.corp/app postgres://user@db.corp/app http://a:b@c",
	} {
		if got := detectortest.Scan(set, []byte(text), 5000); len(got) != 0 {
			t.Errorf("%s: %s at %d", name, got[0].Credential.Kind, got[0].Atoms[0].Off)
		}
	}
	// A key that was exported, in text that holds half of another.
	if got := detectortest.Scan(set, []byte(strings.Join(lines[:2], "\n")+"\n"+ec), 5000); len(got) > 1 {
		t.Errorf("%d finds", len(got))
	}
}

func FuzzExtra(f *testing.F) {
	set := must(detectors.NewSet(New()))
	account, _ := accountFile("a@b.iam.gserviceaccount.com")
	f.Add([]byte(account))
	f.Add([]byte(encodePEM("EC PRIVATE KEY", ecKey()) + gitHubToken()))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\\n: ,ENCRYPTED-----END PRIVATE KEY-----postgres://a:b@c"))
	f.Add([]byte("PuTTY-User-Key-File-3: " + hex.EncodeToString(ecKey())))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range detectortest.Scan(set, b, len(b)/2+1) {
			if len(c.Hints.Profile) > 64 || c.Credential.Secret.IsZero() {
				t.Fatalf("profile of %d bytes, or no secret", len(c.Hints.Profile))
			}
		}
	})
}
