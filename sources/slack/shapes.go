package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Shape is the form of a method's answers, without anything that they say: so
// that a real workspace can be compared with the one that tests are made of.
type Shape struct {
	Method  string              `json:"method"`
	Status  []int               `json:"status"`
	Headers []string            `json:"headers"`
	Fields  map[string][]string `json:"fields"` // path → JSON types: "messages[].ts": ["string"]
}

// Shapes collects the shapes of answers. Safe for concurrent use.
type Shapes struct {
	mu       sync.Mutex
	byMethod map[string]*Shape
}

// add takes an answer.
func (s *Shapes) add(x *exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byMethod == nil {
		s.byMethod = map[string]*Shape{}
	}
	sh := s.byMethod[x.method]
	if sh == nil {
		sh = &Shape{Method: x.method, Fields: map[string][]string{}}
		s.byMethod[x.method] = sh
	}
	sh.Status = with(sh.Status, x.status)
	for name := range x.header {
		sh.Headers = with(sh.Headers, name)
	}
	d := json.NewDecoder(bytes.NewReader(x.body))
	var v any
	if d.Decode(&v) != nil {
		sh.Fields[""] = with(sh.Fields[""], "no JSON")
		return
	}
	sh.describe("", v)
}

func (s *Shape) describe(path string, v any) {
	kind := "null"
	switch v := v.(type) {
	case map[string]any:
		kind = "object"
		for key, below := range v {
			s.describe(join(path, fieldName(path, key)), below)
		}
	case []any:
		kind = "array"
		for _, below := range v {
			s.describe(path+"[]", below)
		}
	case string:
		kind = "string"
	case float64:
		kind = "number"
	case bool:
		kind = "boolean"
	}
	if len(s.Fields) < maxFields {
		s.Fields[path] = with(s.Fields[path], kind)
	}
}

// maxFields bounds how many fields of a method are told.
const maxFields = 5000

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// fieldName is the name of a field, or * where the name is itself something that
// was said: an id, or what an app made up.
func fieldName(path, key string) string {
	if strings.Contains(path, "event_payload") || len(key) > 40 {
		return "*"
	}
	digits := 0
	for _, c := range key {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c && c <= 'z', c == '_':
		default:
			return "*"
		}
	}
	if digits > 4 {
		return "*"
	}
	return key
}

func with[T int | string](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	list = append(list, v)
	slices.Sort(list)
	return list
}

// List returns the shapes, by method.
func (s *Shapes) List() []Shape {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Shape
	for _, method := range slices.Sorted(maps.Keys(s.byMethod)) {
		out = append(out, *s.byMethod[method])
	}
	return out
}

// Write writes a line of JSON for each method.
func (s *Shapes) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	for _, sh := range s.List() {
		if err := e.Encode(sh); err != nil {
			return err
		}
	}
	return nil
}

// ReadShapes reads what Write wrote.
func ReadShapes(r io.Reader) ([]Shape, error) {
	var out []Shape
	for d := json.NewDecoder(r); ; {
		var sh Shape
		err := d.Decode(&sh)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("slack: a file of shapes: %w", err)
		}
		out = append(out, sh)
	}
}
