package gdrive

import (
	"errors"
	"net/url"
	"strings"
)

// shortestID keeps words from being taken for IDs, which are longer.
const shortestID = 15

// ParseLink reads a file's or folder's ID out of what people paste: a link to it
// in any of Google's forms, with its resource key, or the ID itself.
func ParseLink(s string) (id, resourceKey string, err error) {
	bad := errors.New("it is neither the ID of a file or folder nor a link to one, such as https://drive.google.com/file/d/ID/view")
	if len(s) >= shortestID && isID(s) {
		return s, "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", "", bad
	}
	host := strings.ToLower(u.Hostname())
	if host != "drive.google.com" && host != "docs.google.com" && host != "script.google.com" && host != "colab.research.google.com" {
		return "", "", bad
	}
	q := u.Query()
	if key := q.Get("resourcekey"); isID(key) {
		resourceKey = key
	}
	if id = q.Get("id"); isID(id) {
		return id, resourceKey, nil
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	for i, p := range parts[:len(parts)-1] {
		next := parts[i+1]
		if (p == "d" || p == "folders" || p == "drive") && len(next) >= shortestID && isID(next) {
			return next, resourceKey, nil
		}
	}
	return "", "", bad
}
