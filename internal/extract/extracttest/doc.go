// Package extracttest makes documents and archives of many formats with the
// programs that people make them with, and says where in each what stands.
//
// This package knows LibreOffice, Ghostscript, librsvg, qpdf, 7z, sqlite3 and
// ImageMagick. It does not know what is planted.
package extracttest

import "strings"

// Planted is a text that was planted in a document.
type Planted struct {
	File     string // its name
	Position string // "body", "comment", "hidden", …
	Place    string // where in the file it stands, as a report says it
	Picture  bool   // it can only be read as a picture
}

// Mark is a text to plant that tells where: a word of letters and digits, as keys
// are.
func Mark(file, position string) string {
	return "mark7" + strings.NewReplacer(".", "7", " ", "7", "-", "7").Replace(file+"7"+position)
}
