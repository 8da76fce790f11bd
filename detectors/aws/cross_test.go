package aws

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"mime/quotedprintable"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"mislaid/detectors"
	"mislaid/detectors/detectortest"
)

// shape is how a pair is written: the part with the id and the part with the
// secret, which may stand apart and in either order unless one says why not.
type shape struct {
	name       string
	id, secret string // with {id} and {secret}
	before     string // what the file begins with
	after      string
	whole      string // why the parts cannot stand apart, "" they can
}

var crossShapes = []shape{
	{name: "shared credentials", before: "[prod]\n", id: "aws_access_key_id = {id}\n", secret: "aws_secret_access_key = {secret}\n"},
	{name: "dotenv", id: "AWS_ACCESS_KEY_ID={id}\n", secret: "AWS_SECRET_ACCESS_KEY={secret}\n"},
	{name: "export", id: "export AWS_ACCESS_KEY_ID=\"{id}\"\n", secret: "export AWS_SECRET_ACCESS_KEY=\"{secret}\"\n"},
	{name: "setx", id: "setx AWS_ACCESS_KEY_ID \"{id}\"\n", secret: "setx AWS_SECRET_ACCESS_KEY \"{secret}\"\n"},
	{name: "PowerShell variable", id: "$Env:AWS_ACCESS_KEY_ID = '{id}'\n", secret: "$Env:AWS_SECRET_ACCESS_KEY = '{secret}'\n"},
	{name: "Dockerfile", id: "ENV AWS_ACCESS_KEY_ID {id}\n", secret: "ARG AWS_SECRET_ACCESS_KEY={secret}\n"},
	{name: "compose list", id: "      - AWS_ACCESS_KEY_ID={id}\n", secret: "      - AWS_SECRET_ACCESS_KEY={secret}\n"},
	{name: "compose map", id: "      AWS_ACCESS_KEY_ID: {id}\n", secret: "      AWS_SECRET_ACCESS_KEY: \"{secret}\"\n"},
	{name: "root key file", id: "AWSAccessKeyId={id}\n", secret: "AWSSecretKey={secret}\n"},
	{name: "CLI JSON", before: "{\"AccessKey\": {\n", id: "  \"AccessKeyId\": \"{id}\",\n", secret: "  \"SecretAccessKey\": \"{secret}\",\n", after: "}}\n"},
	{name: "CLI table", id: "|  AccessKeyId      |  {id}  |\n", secret: "|  SecretAccessKey  |  {secret}  |\n"},
	{name: "Terraform variables", id: "access_key = \"{id}\"\n", secret: "secret_key = \"{secret}\"\n"},
	{name: "s3cmd", before: "[default]\n", id: "access_key = {id}\n", secret: "secret_key = {secret}\n"},
	{name: "rclone", before: "[s3]\ntype = s3\n", id: "access_key_id = {id}\n", secret: "secret_access_key = {secret}\n"},
	{name: "mc", id: "      \"accessKey\": \"{id}\",\n", secret: "      \"secretKey\": \"{secret}\",\n"},
	{name: "Hadoop", id: "<property><name>fs.s3a.access.key</name><value>{id}</value></property>\n", secret: "<property><name>fs.s3a.secret.key</name><value>{secret}</value></property>\n"},
	{name: "Spark", id: "spark.hadoop.fs.s3a.access.key {id}\n", secret: "spark.hadoop.fs.s3a.secret.key {secret}\n"},
	{name: "Spring", id: "spring.cloud.aws.credentials.access-key={id}\n", secret: "spring.cloud.aws.credentials.secret-key={secret}\n"},
	{name: ".NET", id: "<add key=\"AWSAccessKey\" value=\"{id}\"/>\n", secret: "<add key=\"AWSSecretKey\" value=\"{secret}\"/>\n"},
	{name: "Rails", before: "amazon:\n  service: S3\n", id: "  access_key_id: {id}\n", secret: "  secret_access_key: {secret}\n"},
	{name: "WordPress", id: "define( 'AS3CF_ACCESS_KEY_ID', '{id}' );\n", secret: "define( 'AS3CF_SECRET_ACCESS_KEY', '{secret}' );\n"},
	{name: "JavaScript", id: "  accessKeyId: '{id}',\n", secret: "  secretAccessKey: '{secret}',\n"},
	{name: "Snowflake", id: "AWS_KEY_ID = '{id}'\n", secret: "AWS_SECRET_KEY = '{secret}'\n"},
	{name: "Redshift", id: "ACCESS_KEY_ID '{id}'\n", secret: "SECRET_ACCESS_KEY '{secret}'\n"},
	{name: "YAML name and value", id: "  - name: AWS_ACCESS_KEY_ID\n    value: {id}\n", secret: "  - name: AWS_SECRET_ACCESS_KEY\n    value: {secret}\n"},
	{name: "Postman", id: `{"key":"accessKey","value":"{id}","type":"string"},` + "\n", secret: `{"key":"secretKey","value":"{secret}","type":"string"},` + "\n"},
	{name: "aws configure set", id: "aws configure set aws_access_key_id {id}\n", secret: "aws configure set aws_secret_access_key {secret}\n"},
	{name: "HTML table", id: "<tr><td>Access key ID</td><td>{id}</td></tr>\n", secret: "<tr><td>Secret access key</td><td>{secret}</td></tr>\n"},
	{name: "smart quotes", id: "aws_access_key_id = “{id}”\n", secret: "aws_secret_access_key = “{secret}”\n"},
	{name: "zero width", id: "Access key ID:\u200b \u200b{id}\u200b\n", secret: "Secret access key:\u200b \u200b{secret}\u200b\n"},
	{name: "zero width in the name", id: "aws_access\u200b_key_id: {id}\n", secret: "aws_secret\u200b_access\u200b_key: {secret}\n"},
	{name: "prose", id: "the access key is {id}\n", secret: "and the secret access key is {secret}\n"},
	{name: "Japanese prose", id: "ID は {id}、\n", secret: "シークレットは {secret} です。\n"},
	{name: "line after its name", id: "Access key ID:\n{id}\n", secret: "Secret access key:\n{secret}\n"},

	{name: "s3fs", id: "{id}:", secret: "{secret}\n", whole: "one line, in one order"},
	{name: "s3 link", id: "s3://{id}:", secret: "{secret}@bucket/key\n", whole: "one link, in one order"},
	{name: "CLI text", id: "ACCESSKEY\t{id}\t2015-03-09T18:39:23Z\t", secret: "{secret}\tActive\tbob\n", whole: "one line, in one order"},
	{name: "ClickHouse", id: "SELECT * FROM s3('https://b/x.csv', '{id}', ", secret: "'{secret}')\n", whole: "one call, in one order"},
	{name: "curl", id: "curl --user {id}:", secret: "{secret} --aws-sigv4 aws:amz:eu-west-1:s3 https://b/\n", whole: "one argument, in one order"},
	{name: "Java", id: "new BasicAWSCredentials(\"{id}\", ", secret: "\"{secret}\");\n", whole: "one call, in one order"},
	{name: "Set-AWSCredential", id: "Set-AWSCredential -AccessKey {id} ", secret: "-SecretKey {secret} -StoreAs x\n", whole: "one command"},
	{name: "two lines", id: "{id}\n", secret: "{secret}\n", whole: "nothing but closeness says what they are"},
}

// coding is a way to write a text inside another.
type coding struct {
	name string
	code func(string) string
	not  func(shape) string // why a shape is not written so, "" it is
}

func each(escape func(c rune) string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for _, c := range s {
			b.WriteString(escape(c))
		}
		return b.String()
	}
}

func letters(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func units(c rune, format string) string {
	out := ""
	for _, u := range utf16.Encode([]rune{c}) {
		out += fmt.Sprintf(format, u)
	}
	return out
}

func jsonString(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return `{"body":` + string(b) + "}\n"
}

func quotedPrintable(s string) string {
	var b strings.Builder
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

func lines(s string, n int, end string) string {
	var b strings.Builder
	for len(s) > n {
		b.WriteString(s[:n] + end)
		s = s[n:]
	}
	return b.String() + s + end
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func chain(fs ...func(string) string) func(string) string {
	return func(s string) string {
		for _, f := range fs {
			s = f(s)
		}
		return s
	}
}

var (
	slashes  = func(s string) string { return strings.ReplaceAll(jsonString(s), "/", `\/`) }
	percent  = func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	entities = each(func(c rune) string {
		if letters(c) || strings.ContainsRune(" \n\t._-=:", c) || c > 0x7f {
			return string(c)
		}
		return fmt.Sprintf("&#x%X;", c)
	})
	mail = func(s string) string { return "Content-Transfer-Encoding: base64\r\n\r\n" + lines(b64(s), 76, "\r\n") }
)

func utf16le(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

var crossCodings = []coding{
	{name: "plain", code: func(s string) string { return s }},
	{name: "CRLF", code: func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }},
	{name: "JSON", code: jsonString},
	{name: `JSON, \/`, code: slashes},
	{name: `JSON, \u`, code: each(func(c rune) string {
		if letters(c) {
			return string(c)
		}
		return units(c, `\u%04x`)
	})},
	{name: `every character \u`, code: each(func(c rune) string { return units(c, `\u%04X`) })},
	{name: "percent", code: percent},
	{name: "form", code: func(s string) string { return "body=" + url.QueryEscape(s) + "&x=1" }},
	{name: "percent twice", code: chain(percent, percent)},
	{name: "every character in percent", code: func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
		return b.String()
	}},
	{name: "XML", code: func(s string) string { return "<p>" + html.EscapeString(s) + "</p>" }},
	{name: "entities", code: entities},
	{name: "every character an entity", code: each(func(c rune) string { return fmt.Sprintf("&#%d;", c) })},
	{name: "quoted-printable", code: quotedPrintable},
	{name: "base64", code: func(s string) string { return "x: " + b64(s) + "\n" }},
	{name: "base64 alone", code: b64},
	{name: "base64url", code: func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{name: "base64 in lines of 64", code: func(s string) string { return lines(b64(s), 64, "\n") }},
	{name: "mail", code: mail},
	{name: "base64 of UTF-16", code: func(s string) string { return "powershell -EncodedCommand " + b64(utf16le(s)) + "\n" }},
	{name: "base64 in indented lines", code: func(s string) string { return "data:\n  file: |\n    " + lines(b64(s), 60, "\n    ") }},
	{name: "base64 twice", code: func(s string) string { return b64(b64(s)) }},
	{name: "base64 three times", code: func(s string) string { return b64(b64(b64(s))) }},
	{name: "JSON in base64", code: chain(slashes, b64)},
	{name: "base64 in JSON", code: chain(func(s string) string { return lines(b64(s), 76, "\n") }, slashes)},
	{name: "JSON in JSON", code: chain(jsonString, jsonString)},
	{name: "JSON in JSON in JSON", code: chain(jsonString, jsonString, jsonString)},
	{name: "base64 in percent", code: chain(b64, percent)},
	{name: "JSON in percent in base64", code: chain(slashes, percent, b64)},
	{name: "quoted-printable of entities", code: chain(entities, quotedPrintable)},
	{name: "mail of JSON", code: chain(slashes, mail)},
	{name: "base64 in quoted-printable", code: chain(b64, quotedPrintable)},
}

// apart is what stands between the two parts.
var apart = []struct {
	name  string
	lines int
}{{"adjacent", 0}, {"6 lines", 6}, {"2 kB", 40}, {"5 MB", 100_000}}

var between = []string{
	"# the next part of the settings\n", "retries = 5\n", "name: reporting-service\n", "2026-03-04 10:11:12 INFO worker started, 12 jobs\n",
	"  \"enabled\": true,\n", "The rest is on the wiki, see there.\n", "path=/usr/local/share/reports/2026\n", "\n",
}

// TestCross writes pairs in every shape × coding × distance × order.
func TestCross(t *testing.T) {
	set, err := detectors.NewSet(New())
	if err != nil {
		t.Fatal(err)
	}
	m := maker{detectortest.NewKeys(rand.New(rand.NewPCG(20, 26)))}
	filler := map[int]string{}
	for _, a := range apart {
		var b strings.Builder
		for i := range a.lines {
			b.WriteString(between[i%len(between)])
		}
		filler[a.lines] = b.String()
	}
	cells, empty, failed := 0, map[string]int{}, map[string]int{}
	for si, sh := range crossShapes {
		for _, co := range crossCodings {
			for _, ap := range apart {
				for _, secretFirst := range []bool{false, true} {
					reason := ""
					switch {
					case sh.whole != "" && (ap.lines > 0 || secretFirst):
						reason = sh.whole
					case co.name == "quoted-printable of entities" && ap.lines > 6 && sh.name == "zero width in the name":
						reason = "a soft line break may fall into the name, and nothing else says what so far a value is"
					case ap.lines > 1000 && si%41 != 0 && co.name != "plain":
						reason = "5 MB are encoded for one shape: distance and name do not depend on each other"
					}
					if reason != "" {
						empty[reason]++
						continue
					}
					id, sec := m.id(), m.SecretWith()
					a, b := sh.id, sh.secret
					if secretFirst {
						a, b = b, a
					}
					text := sh.before + a + filler[ap.lines] + b + sh.after
					text = strings.NewReplacer("{id}", id, "{secret}", sec).Replace(text)
					stream := []byte(co.code(text))
					cells++
					cs := detectortest.Scan(set, stream, 512<<10)
					ok := false
					for _, c := range cs {
						if c.Credential.ID == id && string(c.Credential.Secret.Reveal()) == sec {
							ok = true
						} else if !c.Credential.Secret.IsZero() {
							t.Errorf("%s, %s, %s, secret first %v: a wrong secret", sh.name, co.name, ap.name, secretFirst)
						}
					}
					if !ok {
						failed[co.name]++
						failed[sh.name]++
						t.Errorf("%s, %s, %s, secret first %v: not found", sh.name, co.name, ap.name, secretFirst)
					}
				}
			}
		}
	}
	t.Logf("%d cells", cells)
	for _, reason := range sortedKeys(empty) {
		t.Logf("%d empty: %s", empty[reason], reason)
	}
	for _, k := range sortedKeys(failed) {
		t.Logf("%d failed: %s", failed[k], k)
	}
}

func sortedKeys(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
