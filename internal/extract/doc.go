// Package extract turns a stream into the streams that lie in it: text in
// another encoding so far; archives, documents and mail have their place here.
//
// This package knows what bytes are wrapped in. It does not know what is
// looked for in them, nor where they come from.
package extract
