package pdf

// object is one of: nil, bool, float64, name, text, array, dict, ref, *stream,
// keyword.
type object any

type (
	name    string // without its slash
	text    string // the bytes of a string
	array   []object
	dict    map[name]object
	keyword string
)

// ref names an object of the file.
type ref struct{ num, gen uint32 }

// stream is a dictionary with bytes that stand in the file, or in memory.
type stream struct {
	dict dict
	off  int64
	id   ref // of the object: its strings and bytes are encrypted by it
}

// number returns a number, 0 for anything else.
func number(o object) float64 {
	n, _ := o.(float64)
	return n
}

// integer returns a number as an integer within bounds that any sum of two
// keeps.
func integer(o object) int64 {
	n := number(o)
	if n != n || n > 1<<53 || n < -(1<<53) {
		return 0
	}
	return int64(n)
}

// code returns a number as a character code or a glyph number; -1 for what is
// none.
func code(o object) int {
	n, ok := o.(float64)
	if !ok || n < 0 || n > 0x10FFFF || n != n {
		return -1
	}
	return int(n)
}
