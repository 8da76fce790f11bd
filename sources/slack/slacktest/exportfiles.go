package slacktest

import (
	"net/http"
	"strings"
)

// ServeExports lets the token in the addresses of exports open the workspace's
// files, and says where those addresses must lead: to a server at base.
func (s *Server) ServeExports(base string) {
	s.Tokens[exportToken()] = &Token{Scopes: []string{"files:read"}}
	for _, w := range s.Workspaces {
		w.FilesAt = base
	}
}

// fileToken is the token of a download. Nothing documents that an export's token
// counts anywhere but in the address.
func (s *Server) fileToken(r *http.Request) string {
	bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	q := r.URL.Query()
	switch {
	case q.Has("t"):
		return q.Get("t")
	case q.Has("token"):
		return q.Get("token")
	case bearer == exportToken() && !s.ExportHeader:
		return ""
	}
	return bearer
}
