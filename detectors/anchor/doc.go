// Package anchor finds the places in a window where a detector should look:
// occurrences of literals, also when they are written as UTF-16, runs of
// exactly N base64 characters, and runs of M and more. It reads a window once, counts its newlines on
// the way and allocates nothing.
//
// On amd64 with AVX2 an assembly kernel looks at 64 bytes a turn. For each
// literal it compares only its three rarest bytes, by their nibbles, in eight
// buckets of literals; for runs it asks whether an aligned lane of 16 bytes is base64
// throughout, which any run of 31 or more must contain. Blocks that pass go to
// Go code with their bit masks, and only there is anything decided. Newlines
// are counted and NUL bytes noticed in the same loop: that slows it by about
// 7 %, where bytes.Count and bytes.IndexByte beside it would cost 20 to 30 %. If
// there was a NUL, a second kernel looks at every second byte for UTF-16.
//
// Everywhere else, and with the build tag purego, a table of byte pairs finds
// the literals and sparse probes find the runs. Both ways give equal answers.
//
// Words, which are found in any case, are looked for in a pass of their own, so
// that who asks for none does not pay for them.
//
// This package knows bytes, literals and runs. It does not know what a
// credential is, where a window came from, or which detector asked.
package anchor
