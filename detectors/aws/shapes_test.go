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

// account is what every made id decodes to.
const account = 123456789012

// maker makes the keys of one example.
type maker struct{ *detectortest.Keys }

func (m maker) id() string     { return m.KeyID("AKIA", account) }
func (m maker) tempID() string { return m.KeyID("ASIA", account) }

func pairOf(id, sec string) secret.Credential {
	return secret.Credential{Kind: secret.AccessKey, ID: id, Secret: secret.New([]byte(sec))}
}

func sessionOf(id, sec, token string) secret.Credential {
	return secret.Credential{Kind: secret.SessionKey, ID: id, Secret: secret.New([]byte(sec)), Token: secret.New([]byte(token))}
}

func idOf(id string) secret.Credential { return secret.Credential{Kind: secret.KeyID, ID: id} }

func secretOf(sec string) secret.Credential {
	return secret.Credential{Kind: secret.SecretKey, Secret: secret.New([]byte(sec))}
}

// one makes an example of one id and one secret from a text with {id} and {secret}.
func one(m maker, name, text string) detectortest.Example {
	id, sec := m.id(), m.SecretWith()
	return detectortest.Example{
		Name: name,
		Text: strings.NewReplacer("{id}", id, "{secret}", sec).Replace(text),
		Want: []secret.Credential{pairOf(id, sec)},
	}
}

// temporary makes an example of a temporary key with its token.
func temporary(m maker, name, text string) detectortest.Example {
	id, sec, token := m.tempID(), m.SecretWith(), m.Token()
	return detectortest.Example{
		Name: name,
		Text: strings.NewReplacer("{id}", id, "{secret}", sec, "{token}", token).Replace(text),
		Want: []secret.Credential{sessionOf(id, sec, token)},
	}
}

// hinted adds a check of the first candidate.
func hinted(ex detectortest.Example, want detectors.Hints) detectortest.Example {
	ex.Check = func(t *testing.T, cs []detectors.Candidate) {
		t.Helper()
		if len(cs) == 0 {
			return
		}
		if got := cs[0].Hints; got != want {
			t.Errorf("hints:\n got %+v\nwant %+v", got, want)
		}
	}
	return ex
}

func atStart(ex detectortest.Example) detectortest.Example { ex.AtStart = true; return ex }

func TestShapes(t *testing.T) {
	m := maker{detectortest.NewKeys(rand.New(rand.NewPCG(1, 2)))}
	for _, ex := range []detectortest.Example{
		// Shared configuration.
		hinted(one(m, "shared credentials", "[prod]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\nregion = us-gov-west-1\n\n[next]\nregion = eu-west-1\n"),
			detectors.Hints{Profile: "prod", Label: "aws_access_key_id", Region: "us-gov-west-1", Partition: "aws-us-gov"}),
		one(m, "shared credentials, secret first, CRLF", "[a]\r\naws_secret_access_key={secret}\r\naws_access_key_id={id}\r\n"),
		temporary(m, "shared credentials with token", "[123456789012_Admin]\naws_access_key_id={id}\naws_secret_access_key={secret}\naws_session_token={token}\n"),
		profiles(m),

		// Environment.
		one(m, "dotenv", "AWS_ACCESS_KEY_ID={id}\nAWS_SECRET_ACCESS_KEY={secret}\n"),
		one(m, "export", "export AWS_ACCESS_KEY_ID=\"{id}\"\nexport AWS_SECRET_ACCESS_KEY=\"{secret}\"\n"),
		one(m, "set", "set AWS_ACCESS_KEY_ID={id}\r\nset AWS_SECRET_ACCESS_KEY={secret}\r\n"),
		one(m, "setx", "setx AWS_ACCESS_KEY_ID \"{id}\"\r\nsetx AWS_SECRET_ACCESS_KEY \"{secret}\"\r\n"),
		one(m, "$Env", "$Env:AWS_ACCESS_KEY_ID = '{id}'\r\n$Env:AWS_SECRET_ACCESS_KEY = '{secret}'\r\n"),
		one(m, "docker ENV", "FROM x\nENV AWS_ACCESS_KEY_ID {id}\nENV AWS_SECRET_ACCESS_KEY {secret}\n"),
		one(m, "docker inspect", `{"Config":{"Env":["PATH=/bin","AWS_ACCESS_KEY_ID={id}","AWS_SECRET_ACCESS_KEY={secret}"]}}`),
		one(m, "legacy names", "AWS_ACCESS_KEY={id}\nEC2_SECRET_KEY={secret}\n"),
		one(m, "root key file", "AWSAccessKeyId={id}\nAWSSecretKey={secret}\n"),
		stems(m),

		// What the CLI and services print.
		hinted(one(m, "create-access-key", "{\n  \"AccessKey\": {\n    \"UserName\": \"bob\",\n    \"SecretAccessKey\": \"{secret}\",\n    \"AccessKeyId\": \"{id}\"\n  }\n}\n"),
			detectors.Hints{Profile: "bob", Label: "accesskeyid"}),
		one(m, "create-access-key minified", `{"AccessKey":{"UserName":"bob","Status":"Active","SecretAccessKey":"{secret}","AccessKeyId":"{id}"}}`),
		hinted(one(m, "text output", "ACCESSKEY\t{id}\t2015-03-09T18:39:23Z\t{secret}\tActive\tbob\n"), detectors.Hints{Profile: "bob", Label: "accesskey"}),
		one(m, "table output", "|  AccessKeyId      |  {id}  |\n|  SecretAccessKey  |  {secret}  |\n"),
		hinted(temporary(m, "assume-role", "{\"Credentials\":{\"AccessKeyId\":\"{id}\",\"SecretAccessKey\":\"{secret}\",\"SessionToken\":\"{token}\",\"Expiration\":\"2026-01-02T03:04:05+00:00\"}}\n"),
			detectors.Hints{Label: "accesskeyid", Expires: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}),
		temporary(m, "instance metadata", "{\n \"Code\" : \"Success\",\n \"Type\" : \"AWS-HMAC\",\n \"AccessKeyId\" : \"{id}\",\n \"SecretAccessKey\" : \"{secret}\",\n \"Token\" : \"{token}\"\n}"),
		unknownToken(m),

		// CSV.
		atStart(one(m, "console CSV", "\ufeffAccess key ID,Secret access key\r\n{id},{secret}\r\n")),
		atStart(hinted(one(m, "console CSV with user", "User name,Password,Access key ID,Secret access key,Console login link\nbob,,{id},{secret},https://123456789012.signin.aws.amazon.com/console\n"),
			detectors.Hints{Profile: "bob", Label: "access key id"})),
		atStart(one(m, "CSV, semicolons, quoted", "\"User name\";\"Secret access key\";\"Access key ID\"\n\"a;b\";\"{secret}\";\"{id}\"\n")),
		atStart(table(m, "CSV of ten", "User name,Access key ID,Secret access key\n", "u%d,%s,%s\n")),
		table(m, "table of ten without headings", "", "| %d | %s | %s |\n"),

		// Files of tools.
		one(m, "YAML", "s3:\n  access_key: {id}\n  secret_key: {secret}\n"),
		one(m, "YAML env list", "env:\n  - name: AWS_ACCESS_KEY_ID\n    value: {id}\n  - name: AWS_SECRET_ACCESS_KEY\n    value: \"{secret}\"\n"),
		one(m, "JSON name and value", `[{"name":"AWS_ACCESS_KEY_ID","value":"{id}"},{"name":"AWS_SECRET_ACCESS_KEY","value":"{secret}"}]`),
		one(m, "tfvars", "access_key = \"{id}\"\nsecret_key = \"{secret}\"\n"),
		one(m, "tfstate", `{"type":"aws_iam_access_key","instances":[{"attributes":{"create_date":"2024","id":"{id}","pgp_key":null,"secret":"{secret}","status":"Active"}}]}`),
		one(m, "terraform provider", "provider \"aws\" {\n  region     = var.region\n  access_key = \"{id}\"\n  secret_key = \"{secret}\"\n}\n"),
		hinted(one(m, "s3cfg", "[default]\naccess_key = {id}\nhost_base = s3.wasabi.example\nsecret_key = {secret}\n"), detectors.Hints{Profile: "default", Label: "access_key", Endpoint: "s3.wasabi.example"}),
		one(m, "boto", "[Credentials]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"),
		one(m, "rclone", "[remote]\ntype = s3\nprovider = AWS\naccess_key_id = {id}\nsecret_access_key = {secret}\nregion = eu-west-1\n"),
		one(m, "passwd-s3fs", "{id}:{secret}\n"),
		one(m, "passwd-s3fs with bucket", "bucket:{id}:{secret}"),
		one(m, "Hadoop", "<property>\n  <name>fs.s3a.access.key</name>\n  <value>{id}</value>\n</property>\n<property>\n  <name>fs.s3a.secret.key</name>\n  <value>{secret}</value>\n</property>\n"),
		one(m, "XML", "<AccessKey><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey></AccessKey>"),
		one(m, "Spring", "spring.cloud.aws.credentials.access-key={id}\nspring.cloud.aws.credentials.secret-key={secret}\n"),
		one(m, "Redshift", "copy t from 's3://b' credentials 'aws_access_key_id={id};aws_secret_access_key={secret}';"),
		one(m, "Snowflake", "CREDENTIALS=(AWS_KEY_ID='{id}' AWS_SECRET_KEY='{secret}')"),
		one(m, "ClickHouse", "SELECT * FROM s3('https://b/x.csv', '{id}', '{secret}')"),
		one(m, "PowerShell", "Set-AWSCredential -AccessKey {id} -SecretKey {secret} -StoreAs x"),
		one(m, "aws configure set", "aws configure set aws_access_key_id {id}\naws configure set aws_secret_access_key {secret}\n"),

		// Code.
		hinted(one(m, "boto3", "c = boto3.client('s3', region_name='cn-north-1',\n    aws_access_key_id='{id}',\n    aws_secret_access_key='{secret}')\n"),
			detectors.Hints{Label: "aws_access_key_id", Region: "cn-north-1", Partition: "aws-cn"}),
		one(m, "JavaScript", "new S3({credentials: {accessKeyId: '{id}', secretAccessKey: '{secret}'}})"),
		one(m, "Java", "new BasicAWSCredentials(\"{id}\", \"{secret}\");"),
		one(m, "PHP", "define('AWS_ACCESS_KEY_ID', '{id}');\ndefine('AWS_SECRET_ACCESS_KEY', '{secret}');\n"),
		one(m, "URL", "s3://{id}:{secret}@bucket/key"),

		// People.
		one(m, "prose", "Here is the key: {id}\nand the secret is\n\n  {secret}\n"),
		one(m, "label on the line above", "Access key:\n{id}\nSecret access key:\n{secret}\n"),
		one(m, "two lines", "{id}\n{secret}\n"),
		one(m, "secret first", "{secret} {id}"),
		one(m, "glued to its label", "aws_access_key_id{id}\x00aws_secret_access_key\x00{secret}\x01"),
		one(m, "placeholder beside it", "# aws_access_key_id = AKIA"+"IOSFODNN7"+"EXAMPL"+"\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"),
		far(m),

		// Escapes.
		escapedExample(m, "JSON with escaped slashes", "{\"key\":\"{id}\",\"secret\":\"{secret}\"}", "/", `\/`),
		escapedExample(m, "link", "s3://{id}:{secret}@bucket/key", "/", "%2F", "+", "%2B"),
		escapedExample(m, "markup", "<a>{id}</a><b>{secret}</b>", "+", "&#43;", "/", "&#x2F;"),
		escapedExample(m, "quoted-printable", "AWS_ACCESS_KEY_ID=3D{id}\nAWS_SECRET_ACCESS_KEY=3D{secret}\n", "/", "=2F"),
		escapedExample(m, "quoted-printable, soft break", "AWS_ACCESS_KEY_ID=3D{id}\nAWS_SECRET_ACCESS_KEY=3D{secret}\n", "+", "=\r\n+"),
		escapedExample(m, "query", "?id%3D{id}%26secret%3D{secret}%26x", "none", ""),
		escapedExample(m, "string in JSON", `{"env":"export A={id}\nSECRET=\n{secret}\n"}`, "none", ""),

		// One part alone.
		idAlone(m), secretAlone(m), samples(m), madeUp(m), otherPrefixes(m), ambiguous(m), repeatedID(m),
		{Name: "nothing", Text: "nothing"},
	} {
		detectortest.Accept(t, New(), ex)
	}
}

func idAlone(m maker) detectortest.Example {
	id := m.id()
	return detectortest.Example{Name: "id alone", Text: "key " + id + "\n", Want: []secret.Credential{idOf(id)}}
}

func secretAlone(m maker) detectortest.Example {
	sec := m.Secret()
	return detectortest.Example{Name: "secret alone", Text: "AWS_SECRET_ACCESS_KEY=" + sec + "\n", Want: []secret.Credential{secretOf(sec)}, Plain: true}
}

// samples is the pair of AWS's documentation, and a real pair beside it.
func samples(m maker) detectortest.Example {
	id, sec := m.id(), m.Secret()
	sampleID := "AKIA" + "IOSFODNN7" + "EXAMPLE"
	sampleSecret := "wJalrXUtn" + "FEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"
	return detectortest.Example{
		Name: "published samples",
		Text: "# aws_access_key_id = " + sampleID + "\n# aws_secret_access_key = " + sampleSecret + "\naws_access_key_id = " + id + "\naws_secret_access_key = " + sec + "\n",
		Want: []secret.Credential{pairOf(sampleID, sampleSecret), pairOf(id, sec)},
		Check: func(t *testing.T, cs []detectors.Candidate) {
			for _, c := range cs {
				if c.Placeholder != (c.Credential.ID == sampleID) {
					t.Errorf("%s: placeholder is %v", c.Credential.ID, c.Placeholder)
				}
				if c.Placeholder && c.Account != "" {
					t.Errorf("a sample decodes to account %s", c.Account)
				}
			}
		},
	}
}

// madeUp is ids that people type.
func madeUp(maker) detectortest.Example {
	ex := detectortest.Example{Name: "made-up ids"}
	for _, rest := range []string{strings.Repeat("X", 16), "ABCDEFGHIJKLMNOP", "QWERTYUIOPASDFGH", "FAKEFAKEFAKEFAKE", "YOURACCESSKEYIDX", "IOSFODNN8SAMPLE7", "0123456789ABCDEF"} {
		ex.Text += "id = AKIA" + rest + "\n"
	}
	return ex
}

// otherPrefixes is unique ids that sign nothing.
func otherPrefixes(m maker) detectortest.Example {
	ex := detectortest.Example{Name: "ids of users and roles"}
	for _, p := range []string{"AIDA", "AROA", "AGPA", "ANPA", "APKA", "ABIA", "ACCA"} {
		ex.Text += "UserId: " + m.KeyID(p, account) + "\n"
	}
	return ex
}

// ambiguous is an id with two secrets, neither of which says which is right.
func ambiguous(m maker) detectortest.Example {
	id, x, y := m.id(), m.Secret(), m.Secret()
	return detectortest.Example{
		Name: "two secrets for one id",
		Text: "aws_access_key_id=" + id + "\naws_secret_access_key=" + x + "\n# aws_secret_access_key=" + y + "\n",
		Want: []secret.Credential{pairOf(id, x), pairOf(id, y)},
		Check: func(t *testing.T, cs []detectors.Candidate) {
			if len(cs) == 2 && (cs[0].Score <= cs[1].Score || string(cs[0].Credential.Secret.Reveal()) != x) {
				t.Errorf("the nearer secret is not ranked first: %d, %d", cs[0].Score, cs[1].Score)
			}
		},
	}
}

// repeatedID is an id that is written three times and has its secret once.
func repeatedID(m maker) detectortest.Example {
	id, sec := m.id(), m.Secret()
	return detectortest.Example{
		Name: "an id at three places",
		Text: "used " + id + "\n" + strings.Repeat("\n", 9) + "again " + id + "\n" + strings.Repeat("\n", 9) + id + ":" + sec + "\n",
		Want: []secret.Credential{pairOf(id, sec)},
		Check: func(t *testing.T, cs []detectors.Candidate) {
			if len(cs) != 3 {
				t.Errorf("%d candidates for three places", len(cs))
			}
		},
	}
}

// profiles is a credentials file with several profiles, one of them without a secret.
func profiles(m maker) detectortest.Example {
	ex := detectortest.Example{Name: "five profiles"}
	for i := range 5 {
		id, sec := m.id(), m.Secret()
		ex.Text += fmt.Sprintf("[profile p%d]\naws_access_key_id = %s\naws_secret_access_key = %s\n", i, id, sec)
		ex.Want = append(ex.Want, pairOf(id, sec))
	}
	id := m.id()
	ex.Text += "[lone]\naws_access_key_id = " + id + "\n\n"
	ex.Want = append(ex.Want, idOf(id))
	return ex
}

// stems is two pairs whose labels alone tell which belongs to which.
func stems(m maker) detectortest.Example {
	a, b, x, y := m.id(), m.id(), m.Secret(), m.Secret()
	return detectortest.Example{
		Name: "labels with a prefix",
		Text: "DEV_AWS_ACCESS_KEY_ID=" + a + "\nPROD_AWS_ACCESS_KEY_ID=" + b + "\nDEV_AWS_SECRET_ACCESS_KEY=" + x + "\nPROD_AWS_SECRET_ACCESS_KEY=" + y + "\n",
		Want: []secret.Credential{pairOf(a, x), pairOf(b, y)},
	}
}

// table is ten rows, each with its number, id and secret.
func table(m maker, name, head, row string) detectortest.Example {
	ex := detectortest.Example{Name: name, Text: head}
	for i := range 10 {
		id, sec := m.id(), m.Secret()
		ex.Text += fmt.Sprintf(row, i, id, sec)
		ex.Want = append(ex.Want, pairOf(id, sec))
	}
	ex.Check = func(t *testing.T, cs []detectors.Candidate) {
		if len(cs) != 10 {
			t.Errorf("%d candidates for ten rows", len(cs))
		}
		for _, c := range cs {
			if c.Confidence != detectors.High || c.Account != fmt.Sprint(account) {
				t.Errorf("confidence %s, account %s", c.Confidence, c.Account)
			}
		}
	}
	return ex
}

// far is a labelled secret 3 MB after its id.
func far(m maker) detectortest.Example {
	ex := one(m, "three megabytes apart", "the id is {id}\n"+strings.Repeat("some line of a log that goes on and on\n", 80_000)+"aws_secret_access_key: {secret}\n")
	ex.Plain = true
	return ex
}

// unknownToken is a token whose opening is new, but whose label is not.
func unknownToken(m maker) detectortest.Example {
	id, sec := m.tempID(), m.Secret()
	token := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("A new kind of token."+m.Secret(), 3)))
	return detectortest.Example{
		Name: "token of an unknown kind",
		Text: "AWS_ACCESS_KEY_ID=" + id + "\nAWS_SECRET_ACCESS_KEY=" + sec + "\nAWS_SESSION_TOKEN=" + token + "\n",
		Want: []secret.Credential{sessionOf(id, sec, token)},
	}
}

// escapedExample is one with its secret escaped.
func escapedExample(m maker, name, text string, escapes ...string) detectortest.Example {
	id, sec := m.id(), m.SecretWith()
	return detectortest.Example{
		Name:  name,
		Text:  strings.NewReplacer("{id}", id, "{secret}", strings.NewReplacer(escapes...).Replace(sec)).Replace(text),
		Want:  []secret.Credential{pairOf(id, sec)},
		Plain: true,
	}
}
