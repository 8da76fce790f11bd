package scan

import (
	"bytes"
	"io"

	"mislaid/detectors"
)

// keyIDSize is the length of a key id, the only thing that is looked for in text
// that was read from a picture: in a secret some character is nearly always
// wrong, and nothing would show it.
const keyIDSize = 20

// folded returns the words in text from a picture that may be key ids, each on
// the line that it stands on. Characters that ids never hold are taken for those
// that they look like.
func folded(text []byte) []byte {
	var out, word []byte
	end := func() {
		if len(word) == keyIDSize && bytes.IndexByte(word, other) < 0 {
			out = append(append(out, word...), ' ')
		}
		word = word[:0]
	}
	for _, c := range text {
		if like := likeness(c); like != 0 {
			word = append(word, like)
			continue
		}
		end()
		if c == '\n' {
			out = append(out, '\n')
		}
	}
	end()
	return out
}

// other stands for a character that is part of a word, but of no id.
const other = '_'

// likeness returns the character of an id that c may be, 0 for what ends a word.
func likeness(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z', c >= '2' && c <= '7':
		return c
	case c == '0':
		return 'O'
	case c == '1', c == 'l', c == '|':
		return 'I'
	case c == '8':
		return 'B'
	case c == '9':
		return 'G'
	case c >= 'a' && c <= 'z', c == other:
		return other
	}
	return 0
}

// maxGuessed is how much text of one picture is looked at, in bytes.
const maxGuessed = 1 << 20

// guessed returns the key ids in a text from a picture.
func guessed(r io.Reader) (io.Reader, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxGuessed))
	defer clear(text)
	return bytes.NewReader(folded(text)), err
}

// doubt says of what was found in a picture that it is not sure.
func doubt(found []detectors.Candidate) {
	for i := range found {
		found[i].Confidence = detectors.Low
	}
}
