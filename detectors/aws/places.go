package aws

import (
	"bytes"
	"strings"
)

// regionIn returns the name of the AWS region nearest to b[at], "" if none is named.
func regionIn(b []byte, at int) string {
	best, far := "", len(b)+1
	for i := 0; i < len(b); i++ {
		if b[i] != '-' || i < 2 || !isLower(b[i-1]) {
			continue
		}
		from, to := i, i
		for from > 0 && isLower(b[from-1]) {
			from--
		}
		for to < len(b) && (isLower(b[to]) || isDigit(b[to]) || b[to] == '-') {
			to++
		}
		name := bytes.TrimRight(b[from:to], "abcdefghijklmnopqrstuvwxyz")
		if d := max(at-i, i-at); d < far && isRegion(string(name)) {
			best, far = string(name), d
		}
		i = to
	}
	return best
}

// isRegion reports whether s has the form of a region: us-gov-west-1.
func isRegion(s string) bool {
	if len(s) < 9 || len(s) > 20 {
		return false
	}
	area, rest, _ := strings.Cut(s, "-")
	if !strings.Contains(" us eu ap sa ca me af il mx cn eusc ", " "+area+" ") {
		return false
	}
	i := strings.LastIndexByte(rest, '-')
	if i < 0 || len(rest)-i > 3 || i+1 == len(rest) || !isDigit(rest[i+1]) || !isDigit(rest[len(rest)-1]) {
		return false
	}
	side := rest[:i]
	if j := strings.LastIndexByte(side, '-'); j >= 0 {
		if p := side[:j]; p != "gov" && !strings.HasPrefix(p, "iso") && area != "eusc" {
			return false
		}
		side = side[j+1:]
	}
	return strings.Contains(" north south east west central northeast northwest southeast southwest ", " "+side+" ")
}

// partitionIn returns the partition that a region or the text beside a key
// names, "" when nothing names one other than the common.
func partitionIn(b []byte, region string) string {
	for _, p := range []struct{ region, text, partition string }{
		{"cn-", ".amazonaws.com.cn", "aws-cn"}, {"cn-", "arn:aws-cn:", "aws-cn"}, {"us-gov-", "arn:aws-us-gov:", "aws-us-gov"},
		{"us-isob-", "arn:aws-iso-b:", "aws-iso-b"}, {"us-iso-", "arn:aws-iso:", "aws-iso"}, {"eusc-", "arn:aws-eusc:", "aws-eusc"},
	} {
		if strings.HasPrefix(region, p.region) || bytes.Contains(b, []byte(p.text)) {
			return p.partition
		}
	}
	return ""
}

// endpointIn returns the host of a store that is not AWS's.
func endpointIn(b []byte) string {
	for _, word := range []string{"endpoint", "host_base"} {
		for from := 0; ; {
			i := indexFold(b[from:], word)
			if i < 0 {
				break
			}
			from += i + len(word)
			if host := hostAfter(b[from:]); host != "" && !strings.Contains(host, "amazonaws.") && !strings.HasSuffix(host, ".aws") {
				return host
			}
		}
	}
	return ""
}

func indexFold(b []byte, low string) int {
	for i := 0; i+len(low) <= len(b); i++ {
		if (b[i] == low[0] || b[i] == low[0]-'a'+'A') && bytes.EqualFold(b[i:i+len(low)], []byte(low)) {
			return i
		}
	}
	return -1
}

// hostAfter returns the host and port that a setting has, whose name ends in
// b's first letters.
func hostAfter(b []byte) string {
	i := 0
	for i < len(b) && (isAlnum(b[i]) || b[i] == '_' || b[i] == '-' || b[i] == '.') {
		i++
	}
	rest := bytes.TrimPrefix(b[i:], []byte("</name>"))
	v := bytes.TrimLeft(rest, " \t\r\n\"'=:")
	if len(v) == len(rest) {
		return ""
	}
	v = bytes.TrimPrefix(v, []byte("<value>"))
	scheme := false
	for _, s := range []string{"https://", "http://"} {
		if bytes.HasPrefix(v, []byte(s)) {
			v, scheme = v[len(s):], true
		}
	}
	n := 0
	for n < len(v) && (isAlnum(v[n]) || v[n] == '.' || v[n] == '-' || v[n] == ':') {
		n++
	}
	host := strings.ToLower(strings.TrimRight(string(v[:n]), ".:"))
	if !scheme && !strings.Contains(host, ".") || strings.Trim(host, "0123456789.") == "" && !strings.Contains(host, ".") {
		return ""
	}
	return host
}
