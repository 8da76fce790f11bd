// Package sourcetest holds what every Source is tested with: Run, the
// conformance suite, and Mem, a Source in memory that passes it, with faults
// that a test can order.
//
// This package knows what package sources promises. It does not know any real
// place, nor what is done with the bytes of an item.
package sourcetest
