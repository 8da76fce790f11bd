package drivetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/api/drive/v3"
)

// discovery is what a discovery document says of one API.
type discovery struct {
	RootURL     string                `json:"rootUrl"`
	ServicePath string                `json:"servicePath"`
	Revision    string                `json:"revision"`
	Parameters  map[string]*parameter `json:"parameters"`
	Schemas     map[string]*schema    `json:"schemas"`
	Resources   map[string]*resource  `json:"resources"`
}

type resource struct {
	Methods   map[string]*method   `json:"methods"`
	Resources map[string]*resource `json:"resources"`
}

type method struct {
	ID         string                `json:"id"`
	Path       string                `json:"path"`
	HTTP       string                `json:"httpMethod"`
	Parameters map[string]*parameter `json:"parameters"`
	Scopes     []string              `json:"scopes"`
	Media      bool                  `json:"supportsMediaDownload"`
	Response   *schema               `json:"response"`

	api  *discovery
	host string
	re   *regexp.Regexp // of the whole path
	vars []string
}

type parameter struct {
	Location string   `json:"location"`
	Type     string   `json:"type"`
	Required bool     `json:"required"`
	Minimum  string   `json:"minimum"`
	Maximum  string   `json:"maximum"`
	Enum     []string `json:"enum"`
	Repeated bool     `json:"repeated"`
}

type schema struct {
	Ref        string             `json:"$ref"`
	Type       string             `json:"type"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
	Additional *schema            `json:"additionalProperties"`
}

// documents are the discovery documents that are served, within the module of
// Google's client.
var documents = []string{
	"drive/v3/drive-api.json", "admin/directory/v1/admin-api.json", "admin/reports/v1/admin-api.json",
	"groupssettings/v1/groupssettings-api.json", "docs/v1/docs-api.json",
}

// methods reads the documents and returns every method that reads.
var methods = sync.OnceValues(func() ([]*method, error) {
	file, _ := runtime.FuncForPC(reflect.ValueOf(drive.NewService).Pointer()).FileLine(0)
	if !filepath.IsAbs(file) {
		return nil, errors.New("drivetest: this program was built with -trimpath, so the discovery documents are not found")
	}
	root := filepath.Join(filepath.Dir(file), "..", "..")
	var all []*method
	for _, name := range documents {
		b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return nil, fmt.Errorf("drivetest: %w", err)
		}
		d := new(discovery)
		if err := json.Unmarshal(b, d); err != nil {
			return nil, fmt.Errorf("drivetest: %s: %w", name, err)
		}
		for _, r := range d.Resources {
			all = append(all, d.methodsOf(r)...)
		}
	}
	return all, nil
})

var pathVar = regexp.MustCompile(`\\\{\\?\+?([A-Za-z]+)\\\}`)

func (d *discovery) methodsOf(r *resource) []*method {
	var all []*method
	for _, m := range r.Methods {
		if m.HTTP != "GET" {
			continue
		}
		root := strings.TrimSuffix(strings.TrimPrefix(d.RootURL, "https://"), "/")
		m.api, m.host = d, root
		pattern := regexp.QuoteMeta("/" + d.ServicePath + m.Path)
		for _, v := range pathVar.FindAllStringSubmatch(pattern, -1) {
			m.vars = append(m.vars, v[1])
		}
		m.re = regexp.MustCompile("^" + pathVar.ReplaceAllString(pattern, "([^/]+)") + "$")
		all = append(all, m)
	}
	for _, sub := range r.Resources {
		all = append(all, d.methodsOf(sub)...)
	}
	return all
}

// checkParameter says what is wrong with a query parameter; "" nothing is.
func (m *method) checkParameter(name string, values []string) string {
	p := m.Parameters[name]
	if p == nil {
		p = m.api.Parameters[name]
	}
	switch {
	case p == nil || p.Location != "query":
		return fmt.Sprintf("%s has no parameter %q", m.ID, name)
	case len(values) != 1 && !p.Repeated:
		return fmt.Sprintf("%s: parameter %q is given %d times", m.ID, name, len(values))
	}
	for _, v := range values {
		if len(p.Enum) > 0 && !slices.Contains(p.Enum, v) {
			return fmt.Sprintf("%s: %s=%q is none of %v", m.ID, name, v, p.Enum)
		}
		switch p.Type {
		case "boolean":
			if v != "true" && v != "false" {
				return fmt.Sprintf("%s: %s=%q is no boolean", m.ID, name, v)
			}
		case "integer":
			n, err := strconv.Atoi(v)
			lo, hi := 0, 1<<31-1
			if p.Minimum != "" {
				lo, _ = strconv.Atoi(p.Minimum)
			}
			if p.Maximum != "" {
				hi, _ = strconv.Atoi(p.Maximum)
			}
			if err != nil || n < lo || n > hi {
				return fmt.Sprintf("%s: %s=%q is not within %d and %d", m.ID, name, v, lo, hi)
			}
		}
	}
	return ""
}

// resolve follows a reference.
func (d *discovery) resolve(s *schema) *schema {
	for s != nil && s.Ref != "" {
		s = d.Schemas[s.Ref]
	}
	return s
}
