// Package pdf reads the text of PDF documents (ISO 32000-2): what stands on the
// pages in an order that a person would read it in, notes, form fields,
// properties, bookmarks and attached files.
//
// A Document holds little of its file: objects are read where they stand when
// they are needed, streams are decoded as they are read, and every byte that
// decoding produces is charged to the caller, who may stop it. Documents whose
// tables are wrong are put together again from the objects in them.
//
// It was written because no library without cgo and with a usable licence reads
// text well in little memory; it knows only what text needs: no images, no
// outlines of glyphs.
//
// This package knows PDF. It does not know what is looked for in the text, nor
// what attached files are.
package pdf
