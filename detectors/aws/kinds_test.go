package aws

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mislaid/detectors"
	"mislaid/detectors/detectortest"
	"mislaid/internal/secret"
)

// wholeOf is a credential that needs no other part.
func wholeOf(kind secret.Kind, id, value string) secret.Credential {
	return secret.Credential{Kind: kind, ID: id, Secret: secret.New([]byte(value))}
}

// told adds a check of the first candidate of a kind.
func told(ex detectortest.Example, kind secret.Kind, account string, want detectors.Hints) detectortest.Example {
	ex.Check = func(t *testing.T, cs []detectors.Candidate) {
		t.Helper()
		for _, c := range cs {
			if c.Credential.Kind != kind {
				continue
			}
			if c.Hints != want || c.Account != account || c.Placeholder {
				t.Errorf("account %q, placeholder %v, hints:\n got %+v\nwant %+v", c.Account, c.Placeholder, c.Hints, want)
			}
			return
		}
		t.Errorf("no candidate of kind %s", kind)
	}
	return ex
}

func TestKinds(t *testing.T) {
	m := maker{detectortest.NewKeys(rand.New(rand.NewPCG(11, 12)))}
	const acct, other = "123456789012", "210987654321" // the first one is a sample where it is written out
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const stamp = "20260102T030405Z"
	id, temp := m.id(), m.tempID()
	smtp := m.SMTPPassword()
	bedrock := m.BedrockKey("BedrockAPIKey-ab12", acct)
	short := "bedrock-api-key-" + base64.StdEncoding.EncodeToString([]byte("bedrock.amazonaws.com/?Action=CallWithBearerToken&"+m.Signed(temp, "eu-west-1", "bedrock", stamp, 43200)))
	git := m.Base64(32)
	link := m.Signed(id, "us-west-2", "s3", stamp, 3600)
	sign := link[len(link)-64:]
	rds := m.Signed(temp, "eu-west-1", "rds-db", stamp, 900)
	eks := "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte("https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&"+m.Signed(temp, "eu-west-1", "sts", stamp, 60)))
	ecr := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"payload":"%s","datakey":"%s","version":"2","type":"DATA_KEY","expiration":%d}`, m.Base64(300), m.Base64(90), at.Unix()))
	v2 := base64.StdEncoding.EncodeToString([]byte(m.Secret()[:20]))
	sso, refresh := "aoa"+m.Base64(90), "aor"+m.Base64(90)
	login := "ref" + m.Base64(90)
	signin := m.Base64(300)
	public := m.KeyID("APKA", account)
	var pem strings.Builder
	for range 20 {
		pem.WriteString(m.Base64(48) + "\n")
	}
	key := "-----BEGIN RSA PRIVATE" + " KEY-----\n" + pem.String() + "-----END RSA PRIVATE" + " KEY-----\n"

	for _, ex := range []detectortest.Example{
		told(detectortest.Example{Name: "Bedrock", Text: "AWS_BEARER_TOKEN_BEDROCK=" + bedrock + "\n", Plain: true, Want: []secret.Credential{wholeOf(secret.BedrockKey, "BedrockAPIKey-ab12-at-"+acct, bedrock)}},
			secret.BedrockKey, acct, detectors.Hints{Profile: "BedrockAPIKey-ab12", Label: "aws_bearer_token_bedrock"}),
		told(detectortest.Example{Name: "Bedrock, short-term", Text: "token: " + short + "\n", Plain: true, Want: []secret.Credential{wholeOf(secret.BedrockShortKey, "", short), idOf(temp)}},
			secret.BedrockShortKey, acct, detectors.Hints{Label: "token", Region: "eu-west-1", Expires: at.Add(12 * time.Hour)}),
		told(detectortest.Example{Name: "SES", Text: "MAIL_HOST=email-smtp.eu-west-1.amazonaws.com\nMAIL_USERNAME=" + id + "\nMAIL_PASSWORD=" + smtp + "\n", Want: []secret.Credential{wholeOf(secret.SMTPPassword, id, smtp)}},
			secret.SMTPPassword, acct, detectors.Hints{Label: "mail_password", Region: "eu-west-1"}),
		{Name: "SES CSV", Text: "IAM user name,SMTP user name,SMTP password\nses-smtp-user," + id + "," + smtp + "\n", AtStart: true, Want: []secret.Credential{wholeOf(secret.SMTPPassword, id, smtp)}},
		told(detectortest.Example{Name: "CodeCommit", Text: "User Name,Password\nbob-at-" + other + "," + git + "\n", Want: []secret.Credential{wholeOf(secret.CodeCommit, "bob-at-"+other, git)}},
			secret.CodeCommit, other, detectors.Hints{Profile: "bob", Label: "password"}),
		{Name: "CodeCommit URL", Text: "url = https://bob+1-at-" + other + ":" + strings.Replace(git, "=", "%3D", 1) + "@git-codecommit.eu-west-1.amazonaws.com/v1/repos/x\n", Plain: true,
			Want: []secret.Credential{wholeOf(secret.CodeCommit, "bob+1-at-"+other, git)}},
		told(detectortest.Example{Name: "console", Text: "User name,Pass" + "word,Console sign-in URL\nbob,Sommer!23x,https://" + acct + ".signin.aws.amazon.com/console\n", AtStart: true,
			Want: []secret.Credential{wholeOf(secret.ConsolePassword, "bob@"+acct, "Sommer!23x")}}, secret.ConsolePassword, acct, detectors.Hints{Profile: "bob"}),
		told(detectortest.Example{Name: "SSO", Text: `{"startUrl": "https://acme.awsapps.com/start", "region": "eu-west-1", "accessToken": "` + sso + `", "expiresAt": "2026-01-02T03:04:05Z", "refreshToken": "` + refresh + `"}` + "\n",
			Want: []secret.Credential{wholeOf(secret.SSOToken, "", sso)}}, secret.SSOToken, "", detectors.Hints{Label: "accesstoken", Region: "eu-west-1", Expires: at}),
		{Name: "aws login", Text: `{"tokenType":"urn:aws","refreshToken":"` + login + `","clientId":"x","dpopKey":"y"}` + "\n", Want: []secret.Credential{wholeOf(secret.LoginToken, "", login)}},
		told(detectortest.Example{Name: "presigned", Text: "see https://b.s3.us-west-2.amazonaws.com/k.pdf?" + link + " soon\n", Want: []secret.Credential{wholeOf(secret.PresignedURL, "", sign), idOf(id)}},
			secret.PresignedURL, acct, detectors.Hints{Label: "x-amz-signature", Region: "us-west-2", Expires: at.Add(time.Hour)}),
		{Name: "presigned in markup", Text: `<a href="https://b.s3.amazonaws.com/k?` + strings.ReplaceAll(link, "&", "&amp;") + `">x</a>`, Plain: true, Want: []secret.Credential{wholeOf(secret.PresignedURL, "", sign), idOf(id)}},
		told(detectortest.Example{Name: "presigned, version 2", Text: "https://b.s3.amazonaws.com/k?AWSAccessKeyId=" + id + fmt.Sprintf("&Expires=%d&Signature=", at.Unix()) + strings.ReplaceAll(v2, "=", "%3D") + " x\n", Plain: true,
			Want: []secret.Credential{wholeOf(secret.PresignedURL, "", v2), idOf(id)}}, secret.PresignedURL, acct, detectors.Hints{Label: "signature", Expires: at}),
		told(detectortest.Example{Name: "RDS", Text: "PGPASSWORD='db.eu-west-1.rds.amazonaws.com:5432/?Action=connect&DBUser=app&" + rds + "'\n", Want: []secret.Credential{wholeOf(secret.RDSToken, "", rds[len(rds)-64:]), idOf(temp)}},
			secret.RDSToken, acct, detectors.Hints{Label: "x-amz-signature", Region: "eu-west-1", Expires: at.Add(15 * time.Minute)}),
		told(detectortest.Example{Name: "EKS", Text: `{"status":{"token":"` + eks + `"}}` + "\n", Plain: true, Want: []secret.Credential{wholeOf(secret.EKSToken, "", eks), idOf(temp)}},
			secret.EKSToken, acct, detectors.Hints{Label: "token", Region: "eu-west-1", Expires: at.Add(time.Minute)}),
		told(detectortest.Example{Name: "ECR", Text: "docker login -u AWS -p " + ecr + " https://x\n", Want: []secret.Credential{wholeOf(secret.ECRToken, "", ecr)}},
			secret.ECRToken, "", detectors.Hints{Label: "p", Expires: at}),
		{Name: "ECR in Docker's configuration", Text: `{"auths":{"x":{"auth":"` + b64("AWS:"+ecr) + `"}}}`, Plain: true, Want: []secret.Credential{wholeOf(secret.ECRToken, "", b64("AWS:"+ecr))}},
		{Name: "sign-in link", Text: "https://signin.aws.amazon.com/federation?Action=login&Destination=x&SigninToken=" + url64(signin) + "\n", Plain: true, Want: []secret.Credential{wholeOf(secret.SigninURL, "", url64(signin))}},
		{Name: "CloudFront", File: "pk-" + public + ".pem", Text: key, Plain: true, AtStart: true, Want: []secret.Credential{wholeOf(secret.CloudFrontKey, public, pem.String())}},
		{Name: "a key that is none of CloudFront's", File: "id_rsa", Text: key, Plain: true},
	} {
		detectortest.Accept(t, New(), ex)
	}
}

// url64 is s in the alphabet of links.
func url64(s string) string { return strings.NewReplacer("+", "-", "/", "_").Replace(s) }

// TestSMTPProof recomputes the public vectors of terraform-provider-aws, and a
// password beside the secret it was derived from.
func TestSMTPProof(t *testing.T) {
	for sec, want := range map[string]string{
		"some+secret+key": "BMXhUYlu5Z3gSXVQORxl" + "Va7XPaz91aGWdfHxvkOZdWZ2", "another+secret+key": "BBbphbrQmrKMx42d1N6+" + "C7VINYEBGI5v9VsZeTxwskfh",
	} {
		if got := smtpPassword([]byte(sec), "eu-central-1"); got != want {
			t.Errorf("%s: another password", sec)
		}
	}
	m := maker{detectortest.NewKeys(rand.New(rand.NewPCG(13, 14)))}
	id, sec := m.id(), m.Secret()
	set, err := detectors.NewSet(New())
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("aws_access_key_id = " + id + "\naws_secret_access_key = " + sec + "\nses_smtp_password = " + smtpPassword([]byte(sec), "eu-west-3") + "\n")
	found := map[secret.Kind]detectors.Candidate{}
	for _, c := range detectortest.Scan(set, text, len(text)) {
		found[c.Credential.Kind] = c
	}
	if c := found[secret.SMTPPassword]; c.Confidence != detectors.High || c.Hints.Region != "eu-west-3" {
		t.Errorf("confidence %q, region %q", c.Confidence, c.Hints.Region)
	}
	if _, ok := found[secret.AccessKey]; !ok {
		t.Error("the pair itself was not found")
	}
}

// TestContainers reads what only the head of a stream, its name or its table
// tells.
func TestContainers(t *testing.T) {
	m := maker{detectortest.NewKeys(rand.New(rand.NewPCG(15, 16)))}
	sjis := strings.NewReplacer("アクセスキー", "\x83A\x83N\x83Z\x83X\x83L\x81[", "シークレット", "\x83V\x81[\x83N\x83\x8c\x83b\x83g", "ユーザー名", "\x83\x86\x81[\x83U\x81[\x96\xbc")
	japanese := "ユーザー名,アクセスキー ID,シークレットアクセスキー\nbob,{id},{secret}\n"
	named := one(m, "console CSV named for its user", "\ufeffAccess key ID,Secret access key\r\n{id},{secret}\r\n")
	named.File = "alice_accessKeys.csv"
	two := func(name, text string) detectortest.Example {
		a, b, x, y := m.id(), m.id(), m.SecretWith(), m.SecretWith()
		return detectortest.Example{Name: name, Text: strings.NewReplacer("{a}", a, "{b}", b, "{x}", x, "{y}", y).Replace(text), Want: []secret.Credential{pairOf(a, x), pairOf(b, y)}}
	}
	plain := func(ex detectortest.Example) detectortest.Example { ex.Plain = true; return ex }
	for _, ex := range []detectortest.Example{
		atStart(hinted(named, detectors.Hints{Profile: "alice", Label: "access key id"})),
		atStart(hinted(plain(one(m, "Japanese console, UTF-8", japanese)), detectors.Hints{Profile: "bob", Label: "アクセスキー id"})),
		atStart(hinted(plain(one(m, "Japanese console, Shift_JIS", sjis.Replace(japanese))), detectors.Hints{Profile: "bob", Label: "アクセスキー id"})),
		two("a table whose columns are the keys", "Field,prod,dev\nAccess key ID,{a},{b}\nSecret access key,{x},{y}\n"),
		two("a table of Markdown", "| # | Secret | Key ID |\n|:-:|:--|:--|\n| 1 | `{x}` | `{a}` |\n| 2 | `{y}` | `{b}` |\n"),
		two("Kubernetes", "data:\n  a_access_key_id: "+"{a}\n  a_secret_access_key: {x}\n  b_access_key_id: {b}\n  b_secret_access_key: {y}\n"),
		two("old and new", "# old\n#aws_access_key_id = {a}\n#aws_secret_access_key = {x}\n# new\naws_access_key_id = {b}\naws_secret_access_key = {y}\n"),
		plain(one(m, "colours", "id \x1b[1m{id}\x1b[0m secret \x1b[32m{secret}\x1b[0m\n")),
		plain(one(m, "Shift_JIS before the values", "\x83L\x81[\x81F{id}\n\x83V\x81[\x83N\x83\x8c\x83b\x83g\x81F{secret}\n")),
		plain(one(m, "ISO-2022-JP around the values", "\x1b$B%-!<\x1b(B{id}\x1b$B$H\x1b(B{secret}\x1b$B$G$9\x1b(B\n")),
	} {
		detectortest.Accept(t, New(), ex)
	}
}
