package awstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signed is what a request says of its signature, and what it should say.
type signed struct {
	keyID, day, region, service string
	headers                     []string
	signature                   string
	at                          time.Time
}

// parseSigned reads the Authorization and X-Amz-Date headers.
func parseSigned(r *http.Request) (s signed, ok bool) {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return s, false
	}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != 5 || scope[4] != "aws4_request" {
				return s, false
			}
			s.keyID, s.day, s.region, s.service = scope[0], scope[1], scope[2], scope[3]
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.signature = value
		}
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	s.at = at
	return s, err == nil && s.signature != "" && slices.Contains(s.headers, "host")
}

// matches computes the signature as the AWS documentation describes it ("Create
// a signed AWS API request", IAM user guide) and compares.
func (s signed) matches(r *http.Request, body []byte, secret string) bool {
	var canonical strings.Builder
	canonical.WriteString(r.Method + "\n" + r.URL.EscapedPath() + "\n" + canonicalQuery(r.URL.Query()) + "\n")
	for _, name := range s.headers {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		canonical.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	canonical.WriteString("\n" + strings.Join(s.headers, ";") + "\n" + hexSum(body))
	scope := s.day + "/" + s.region + "/" + s.service + "/aws4_request"
	toSign := "AWS4-HMAC-SHA256\n" + s.at.Format("20060102T150405Z") + "\n" + scope + "\n" + hexSum([]byte(canonical.String()))
	key := []byte("AWS4" + secret)
	for _, step := range []string{s.day, s.region, s.service, "aws4_request"} {
		key = mac(key, step)
	}
	return hmac.Equal([]byte(hex.EncodeToString(mac(key, toSign))), []byte(s.signature))
}

func canonicalQuery(query url.Values) string {
	return strings.ReplaceAll(query.Encode(), "+", "%20")
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}
