package extract

import (
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPlaces is how many places of one stream are remembered by name. Beyond
// it, places are named by the last one that is.
const maxPlaces = 1 << 20

// Places name the places in a text as a person would: "B14", "page 3". A nil
// one names none: lines and columns serve.
type Places struct {
	offs  []int64
	names func(i int) string // of the place that begins at offs[i]
}

// add remembers that a place begins at off; offsets ascend. It reports whether
// there was room.
func (p *Places) add(off int64) bool {
	if len(p.offs) == maxPlaces {
		return false
	}
	p.offs = append(p.offs, off)
	return true
}

// At names the place that off lies in, "" for none. It may be asked after the
// text was read.
func (p *Places) At(off int64) string {
	if p == nil {
		return ""
	}
	i := sort.Search(len(p.offs), func(i int) bool { return p.offs[i] > off }) - 1
	if i < 0 {
		return ""
	}
	return shown(p.names(i))
}

// shown is a name as it is shown: what would move a cursor, turn the direction
// of writing, or is no text at all, is written out.
func shown(name string) string {
	if !strings.ContainsFunc(name, hidden) {
		return name
	}
	var b strings.Builder
	for len(name) > 0 {
		r, n := utf8.DecodeRuneInString(name)
		if hidden(r) {
			b.WriteString(strings.Trim(strconv.QuoteToASCII(name[:n]), `"`))
		} else {
			b.WriteString(name[:n])
		}
		name = name[n:]
	}
	return b.String()
}

func hidden(r rune) bool { return r == utf8.RuneError || r != ' ' && !unicode.IsGraphic(r) }
