package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// credential is what one plant holds.
type credential struct {
	account           uint64
	id, secret, token string
	region            string
}

// writer fills in the texts of one file.
type writer struct {
	r       *rand.Rand
	keys    *keys
	cred    credential
	value   func(string) string // how the syntax wants a value to be written
	memo    map[string]string   // values that stay the same within a credential
	file    map[string]string   // choices that stay the same within the file
	number  int                 // of the row, from 1
	several []credential        // those that are written by number
	noValue bool                // the placeholder is not known: a mistake in a shape
}

// fresh starts another credential of a class.
func (w *writer) fresh(c class) {
	k := w.keys
	w.memo = make(map[string]string)
	w.cred = credential{account: k.account(), secret: k.secret()}
	w.cred.region = pick(w.r, "us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1", "ap-southeast-2", "sa-east-1", "ca-central-1")
	if c == session {
		w.cred.id, w.cred.token = k.temporary(w.cred.account), k.token()
	} else {
		w.cred.id = k.longTerm(w.cred.account)
	}
	w.number++
}

// expand fills in the ⟦…⟧ of text.
func (w *writer) expand(text string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "⟦")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, "⟧")
		if !ok {
			w.noValue = true
			return b.String()
		}
		b.WriteString(w.fill(name))
		text = after
	}
}

// choose makes the choices that text asks to be kept.
func (w *writer) choose(text string) {
	for rest := range strings.SplitSeq(text, "⟦") {
		name, _, _ := strings.Cut(rest, "⟧")
		if len(name) > 2 && name[1] == '?' {
			w.file[name[:1]] = pick(w.r, strings.Split(name[2:], "|")...)
		}
	}
}

// fill is the value of one ⟦name⟧.
func (w *writer) fill(name string) string {
	if len(name) > 1 && name[1] == '?' {
		v, ok := w.file[name[:1]]
		w.noValue = w.noValue || !ok
		return v
	}
	if strings.Contains(name, "|") {
		return pick(w.r, strings.Split(name, "|")...)
	}
	if what, n, ok := strings.Cut(name, "."); ok {
		return w.numbered(what, n)
	}
	switch name {
	case "ID":
		return w.value(w.cred.id)
	case "SECRET":
		return w.value(w.cred.secret)
	case "TOKEN":
		return w.value(w.cred.token)
	case "RAWID": // where no escape may stand
		return w.cred.id
	case "IDLOWER":
		return strings.ToLower(w.cred.id)
	case "IDB64":
		return b64(w.cred.id)
	case "SECRETB64":
		return b64(w.cred.secret)
	case "SECRETB64NL": // echo instead of echo -n
		return b64(w.cred.secret + "\n")
	case "IDB64NL":
		return b64(w.cred.id + "\n")
	case "PROFILEB64": // a whole credentials file
		return b64("[default]\naws_access_key_id = " + w.cred.id + "\naws_secret_access_key = " + w.cred.secret + "\n")
	case "EMPTY": // keeps an example from being one in the repository
		return ""
	case "SAMPLEID": // AWS's documentation
		return pick(w.r, "AKIAIOSFODNN7"+"EXAMPLE", "ASIAIOSFODNN7"+"EXAMPLE", "AKIAI44QH8DHB"+"EXAMPLE")
	case "MINTED": // what LocalStack and moto hand out, of their default accounts
		return w.keys.maker.KeyID("AKIA", []uint64{0, 123456789012}[w.r.IntN(2)])
	case "SAMPLESECRET":
		return pick(w.r, "wJalrXUtnFEMI/K7MDENG"+"/bPxRfiCYEXAMPLEKEY", "je7MtGbClwBF/2Zp9Utk"+"/h3yCo8nvbEXAMPLEKEY", "wJalrXUtnFEMI/K7MDENG"+"/bPxRfiCYzEXAMPLEKEY")
	case "NUL":
		return "\x00"
	case "TOKENB64":
		return b64(w.cred.token)
	case "SECRETPCT":
		return percent(w.cred.secret)
	case "TOKENPCT":
		return percent(w.cred.token)
	case "NUMBER":
		return strconv.Itoa(w.number)
	case "REGION":
		return w.cred.region
	case "ACCOUNT":
		return fmt.Sprintf("%012d", w.cred.account)
	}
	if v, ok := w.other(name); ok {
		return v
	}
	if v, ok := w.memo[name]; ok {
		return v
	}
	v, ok := w.once(name)
	if !ok {
		w.noValue = true
	}
	w.memo[name] = v
	return v
}

// numbered is the id or secret of one of several credentials that stand in one
// part, each in places of its own.
func (w *writer) numbered(what, number string) string {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(w.several)+1 {
		w.noValue = true
		return ""
	}
	if n > len(w.several) {
		w.fresh(pair)
		w.several = append(w.several, w.cred)
	}
	w.cred = w.several[n-1]
	return w.fill(what)
}

// once is a value that stays the same within a credential.
func (w *writer) once(name string) (string, bool) {
	k := w.keys
	switch name {
	case "USER":
		return pick(w.r, "alice", "bob.jones", "deploy", "ci-bot", "terraform", "backup_user", "svc-reporting", "k.tanaka", "o'brien", "data-team", "jenkins",
			"s3-upload", "m.müller", "tanaka", "readonly", "admin") + pick(w.r, "", "", "2", "-prod"), true
	case "PLAINUSER":
		return pick(w.r, "alice", "bob", "deploy", "ci-bot", "terraform", "svc-reporting", "jenkins", "s3-upload") + pick(w.r, "", "2", "-prod"), true
	case "PROFILE":
		return pick(w.r, "default", "prod", "staging", "dev", "acme-billing", "personal", "backup", "client-a", "sandbox") + pick(w.r, "", "", "-eu", "2"), true
	case "HOST":
		return pick(w.r, "build01", "web-3", "jump", "etl-7", "nas", "ip-10-0-3-17", "DESKTOP-7Q2K9") + pick(w.r, "", ".corp.local"), true
	case "BUCKET":
		return pick(w.r, "acme-backups", "prod-logs", "media-assets-eu", "customer-exports", "tf-state-acme") + pick(w.r, "", "-2024"), true
	case "PROJECT":
		return pick(w.r, "billing", "portal", "warehouse", "mobile-api", "crm-sync", "imageproxy"), true
	case "ROLE":
		return pick(w.r, "AdministratorAccess", "ReadOnly", "DataEngineer", "PowerUserAccess"), true
	case "SMTP":
		return smtp(w.cred.secret, w.cred.region), true
	case "BEDROCK":
		return "ABSK" + b64("BedrockAPIKey-"+k.of(alnumSet[26:52], 4)+"-at-"+fmt.Sprintf("%012d", w.cred.account)+":"+k.base64(33)), true
	case "BEDROCKSHORT":
		return "bedrock-api-key-" + b64("bedrock.amazonaws.com/?Action=CallWithBearerToken&"+k.presigned(w.cred.id, w.cred.region, "bedrock", k.token())+"&Version=1"), true
	case "EKS":
		return "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte("https://sts."+w.cred.region+".amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&"+
			k.presigned(w.cred.id, w.cred.region, "sts", "")+"%3Bx-k8s-aws-id")), true
	case "ECR":
		return b64(fmt.Sprintf(`{"payload":"%s","datakey":"%s","version":"2","type":"DATA_KEY","expiration":%d}`, k.base64(600), k.base64(150), 1_700_000_000+w.r.IntN(50_000_000))), true
	case "ECRAUTH":
		token, _ := w.once("ECR")
		return b64("AWS:" + token), true
	case "V4QUERY":
		return k.presigned(w.cred.id, w.cred.region, "s3", w.cred.token), true
	case "RDSQUERY":
		return k.presigned(w.cred.id, w.cred.region, "rds-db", ""), true
	case "V2QUERY":
		return "AWSAccessKeyId=" + w.cred.id + "&Expires=" + strconv.FormatInt(1_600_000_000+w.r.Int64N(200_000_000), 10) + "&Signature=" + percent(k.base64(20)), true
	case "SIGNIN":
		return k.of(alnumSet+"-_", 800), true
	case "APPSYNC":
		return "da2-" + k.of(alnumSet[26:], 26), true
	case "CLOUDFRONT":
		return "APKA" + k.of(base32Set, 16), true
	case "PEM":
		return pem(k.base64(600)), true
	case "SSOTOKEN":
		return "aoaAAAAA" + k.of(alnumSet+"-_", 250) + ":" + k.base64(64), true
	}
	return "", false
}

// other is a value that is another each time.
func (w *writer) other(name string) (string, bool) {
	k := w.keys
	if n, err := strconv.Atoi(strings.TrimLeft(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")); err == nil {
		switch strings.TrimRight(name, "0123456789") {
		case "HEX":
			return k.hex(n / 2), true
		case "BASE": // base64 of n characters, without padding where n divides by four
			return k.base64(n * 3 / 4), true
		case "URLSAFE":
			return k.of(alnumSet+"-_", n), true
		case "ALNUM":
			return k.of(alnumSet, n), true
		case "UPPER":
			return k.of(base32Set, n), true
		case "DIGITS":
			return k.of("0123456789", n), true
		}
	}
	t := time.Unix(1_550_000_000+w.r.Int64N(240_000_000), w.r.Int64N(1e9)).UTC()
	switch name {
	case "UUID":
		return k.uuid(), true
	case "JWT":
		return k.jwt(), true
	case "DATE":
		return t.Format("2006-01-02"), true
	case "TIME":
		return t.Format("15:04"), true
	case "STAMP":
		return t.Format("2006-01-02T15:04:05Z"), true
	case "LOGTIME":
		return t.Format("02/Jan/2006:15:04:05 +0000"), true
	case "SLACKTS":
		return fmt.Sprintf("%d.%06d", t.Unix(), w.r.IntN(1e6)), true
	case "EPOCH":
		return strconv.FormatInt(t.Unix(), 10), true
	case "IP":
		return fmt.Sprintf("10.%d.%d.%d", w.r.IntN(256), w.r.IntN(256), 1+w.r.IntN(250)), true
	case "PW":
		return pick(w.r, "Sommer", "Passw0rd", "Kx7", "hunter", "zaq1") + pick(w.r, "!", "#", "$", "_") + k.of(alnumSet, 4+w.r.IntN(8)), true
	case "WORDS":
		return sentence(w.r), true
	case "JAWORDS":
		return pick(w.r, japanese...), true
	}
	return "", false
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// pem wraps base64 as a private key is.
func pem(body string) string {
	var b strings.Builder
	b.WriteString("-----BEGIN RSA PRIVATE" + " KEY-----\n")
	for ; len(body) > 64; body = body[64:] {
		b.WriteString(body[:64] + "\n")
	}
	b.WriteString(body + "\n-----END RSA PRIVATE" + " KEY-----")
	return b.String()
}

var words = strings.Fields(`the of and to in for with on server backup please restart report script job nightly bucket upload customer
 access region folder meeting ticket change window rollout production staging database table index cluster check log rotate update monday
 invoice error retry queue worker image build deploy branch review owner password policy key secret account token rotation team notes`)

// sentence is plain English of no meaning.
func sentence(r *rand.Rand) string {
	n := 5 + r.IntN(9)
	out := make([]string, n)
	for i := range out {
		out[i] = words[r.IntN(len(words))]
	}
	s := strings.Join(out, " ")
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

var japanese = []string{
	"サーバーの再起動は月曜日に行います。", "バックアップの設定を確認してください。", "詳細は共有フォルダの手順書を参照。", "本番環境では使わないでください。",
	"アカウントの申請は総務までお願いします。", "このバケットは来月削除する予定です。", "ログの保存期間は九十日です。", "不明な点があればチャットで聞いてください。",
	"権限は最小限にしてあります。", "検証が終わったら連絡します。",
}
