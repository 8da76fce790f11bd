package main

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A shape is one way in which people write credentials down. The shapes stand
// in shapes/*.txt, one after the other:
//
//	=== name file=PATH syntax=SYNTAX [class=CLASS] [kinds=A,B] [rows=N] [lang=ja] [fixed] [alone]
//	text ahead of the credential
//	%%id
//	what holds the key id
//	%%secret
//	what holds the secret
//	%%tail
//	text behind it
//
// The parts id and secret may change places and be moved apart, unless the
// shape is fixed. Instead of them a part %%row holds a whole credential and is
// repeated, each time with another one; %%fill is what stands between the parts
// when they are moved apart (without it, the syntax's comments do). "alone"
// keeps the shape as it is: its bytes are not encoded any further.
//
// In the text ⟦NAME⟧ stands for a value (see values.go), ⟦a|b|c⟧ for one of
// several texts, ⟦x?a|b⟧ for the same that is used again by ⟦x?⟧, and ⟦ID.1⟧,
// ⟦SECRET.2⟧ for parts of several credentials in one text.
type shape struct {
	name   string
	file   string // path below the tree
	syntax string
	class  class
	kinds  []string
	rows   int
	ja     bool
	fixed  bool
	alone  bool
	parts  []part
	fill   string
}

// part is one part of a shape's text: head, id, secret, row or tail.
type part struct{ name, text string }

// halves reports whether the shape holds id and secret in parts of their own.
func (s *shape) halves() bool {
	n := 0
	for _, p := range s.parts {
		if p.name == "id" || p.name == "secret" {
			n++
		}
	}
	return n == 2
}

//go:embed shapes
var shapeFiles embed.FS

// shapes reads all shapes, in a stable order.
func shapes() ([]shape, error) {
	entries, err := shapeFiles.ReadDir("shapes")
	if err != nil {
		return nil, err
	}
	var all []shape
	seen := make(map[string]bool)
	for _, e := range entries {
		text, err := shapeFiles.ReadFile(path.Join("shapes", e.Name()))
		if err != nil {
			return nil, err
		}
		for i, block := range strings.Split("\n"+string(text), "\n=== ") {
			if i == 0 {
				continue
			}
			s, err := parseShape(block)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.Name(), err)
			}
			if seen[s.name] {
				return nil, fmt.Errorf("%s: two shapes named %s", e.Name(), s.name)
			}
			seen[s.name] = true
			all = append(all, s)
		}
	}
	return all, nil
}

func parseShape(block string) (shape, error) {
	header, body, _ := strings.Cut(block, "\n")
	fields := strings.Fields(header)
	s := shape{name: fields[0], class: pair, rows: 1}
	for _, f := range fields[1:] {
		key, value, _ := strings.Cut(f, "=")
		switch key {
		case "file":
			s.file = value
		case "syntax":
			s.syntax = value
		case "class":
			if s.class = class(value); !slices.Contains(classes, s.class) {
				return s, fmt.Errorf("%s: unknown class %s", s.name, value)
			}
		case "kinds":
			s.kinds = strings.Split(value, ",")
		case "rows":
			n, err := strconv.Atoi(value)
			if err != nil {
				return s, fmt.Errorf("%s: rows: %w", s.name, err)
			}
			s.rows = n
		case "lang":
			s.ja = value == "ja"
		case "fixed":
			s.fixed = true
		case "alone":
			s.alone = true
		default:
			return s, fmt.Errorf("%s: unknown word %s", s.name, f)
		}
	}
	cur := part{name: "head"}
	flush := func() {
		switch {
		case cur.name == "fill":
			s.fill = cur.text
		case cur.text != "":
			s.parts = append(s.parts, cur)
		}
	}
	for line := range strings.SplitAfterSeq(body, "\n") {
		if name, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "%%"); ok {
			flush()
			cur = part{name: name}
			switch name {
			case "id", "secret", "row", "fill", "tail":
			default:
				return s, fmt.Errorf("%s: unknown part %s", s.name, name)
			}
			continue
		}
		cur.text += line
	}
	cur.text = strings.TrimRight(cur.text, "\n") + "\n"
	flush()
	if s.file == "" || s.syntax == "" {
		return s, fmt.Errorf("%s: needs file= and syntax=", s.name)
	}
	return s, nil
}
