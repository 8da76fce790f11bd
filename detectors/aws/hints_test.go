package aws

import (
	"strings"
	"testing"
	"time"

	"mislaid/detectors/detectortest"
)

func TestCleanHint(t *testing.T) {
	for s, keep := range map[string]bool{
		"prod": true, "aws_secret_access_key": true, "123456789012_AdministratorAccess": true, "ユーザー": true, "": true,
		strings.Repeat("x", maxHint): true, strings.Repeat("x", maxHint+1): false, "a\nb": false, "\xff": false, "a\x1b[2Jb": false,
		detectortest.Secret(): false, "user " + detectortest.Secret(): false, detectortest.KeyID("AKIA", account): false,
		strings.ToLower(detectortest.KeyID("ASIA", account)): false, detectortest.Token()[:60]: false,
	} {
		if got := cleanHint(s); got != s && keep || got != "" && !keep {
			t.Errorf("kept %v, want %v, of a hint of %d bytes", got != "", keep, len(s))
		}
	}
}

func TestRegionIn(t *testing.T) {
	for text, want := range map[string]string{
		"region = us-east-1\n": "us-east-1", "eu-central-1a": "eu-central-1", "ap-southeast-2": "ap-southeast-2", "us-gov-west-1": "us-gov-west-1",
		"cn-northwest-1": "cn-northwest-1", "us-isob-east-1": "us-isob-east-1", "eusc-de-east-1": "eusc-de-east-1", "s3.eu-west-3.amazonaws.com": "eu-west-3",
		"us-east": "", "x-east-1": "", "well-known-1": "", "us-gov-1": "", "": "", "-": "", "eu--1": "", "us-east-1-extra": "",
	} {
		if got := regionIn([]byte(text), 0); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := regionIn([]byte("us-east-1 then at last eu-west-1 here"), 30); got != "eu-west-1" {
		t.Errorf("the nearest region is eu-west-1, got %q", got)
	}
}

func TestPartitionIn(t *testing.T) {
	for _, tt := range []struct{ text, region, want string }{
		{"", "us-east-1", ""}, {"", "cn-north-1", "aws-cn"}, {"", "us-gov-east-1", "aws-us-gov"}, {"", "us-iso-east-1", "aws-iso"}, {"", "us-isob-east-1", "aws-iso-b"},
		{"https://s3.cn-north-1.amazonaws.com.cn/", "", "aws-cn"}, {"arn:aws-us-gov:iam::1:user/x", "", "aws-us-gov"}, {"arn:aws:iam::1:user/x", "", ""},
	} {
		if got := partitionIn([]byte(tt.text), tt.region); got != tt.want {
			t.Errorf("%q in %q: %q, want %q", tt.text, tt.region, got, tt.want)
		}
	}
}

func TestEndpointIn(t *testing.T) {
	for text, want := range map[string]string{
		"endpoint_url = https://minio.corp.example:9000/": "minio.corp.example:9000", `"endpoint": "http://localhost:9000"`: "localhost:9000",
		"host_base = s3.wasabi.example\n": "s3.wasabi.example", "<name>fs.s3a.endpoint</name>\n<value>ceph.example</value>": "ceph.example",
		"endpoint_url=https://s3.eu-west-1.amazonaws.com": "", "endpoint = s3.cn-north-1.amazonaws.com.cn": "", "no endpoint here": "", "endpoint": "", "endpoint=": "",
	} {
		if got := endpointIn([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestExpiryIn(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Time{
		`"Expiration": "2026-01-02T03:04:05Z"`: at, `"expiresAt":"2026-01-02T04:04:05+01:00"`: at, "x_security_token_expires = 2026-01-02T03:04:05+00:00": at,
		"expires 2026-01-02T03:04:05 local": at, "expires never": {}, "2026-01-02T03:04:05Z": {}, "expiry 2026-13-45T99:99:99Z": {}, "expir": {}, "": {},
	} {
		if got := expiryIn([]byte(text)); !got.Equal(want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestKindOf(t *testing.T) {
	for name, want := range map[string]labelKind{
		"aws_secret_access_key": secretLabel, "SecretAccessKey": secretLabel, "AWS_SECRET_KEY": secretLabel, "secretKey": secretLabel, "Secret access key": secretLabel,
		"fs.s3a.secret.key": secretLabel, "-SecretKey": secretLabel, "spring.cloud.aws.credentials.secret-key": secretLabel, "secret": secretLabel,
		"シークレットアクセスキー":  secretLabel,
		"client_secret": otherLabel, "consumerSecret": otherLabel, "slack_signing_secret": foreignLabel, "secret_name": otherLabel, "": otherLabel,
		"password": secretLabel, "login_password": otherLabel, "JWT_SECRET": foreignLabel, "sha1": foreignLabel, "x-api-key": foreignLabel,
		"aws_session_token": tokenLabel, "SessionToken": tokenLabel, "Token": tokenLabel, "aws_security_token": tokenLabel, "csrf_token": foreignLabel,
		"aws_access_key_id": idLabel, "AccessKeyId": idLabel, "Access key ID": idLabel, "key_id": idLabel,
	} {
		if got := kindOf(name); got != want {
			t.Errorf("%q: %d, want %d", name, got, want)
		}
	}
}
