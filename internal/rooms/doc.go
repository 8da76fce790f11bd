// Package rooms keeps the house in order. It holds nothing but tests: who may
// import whom, who may see a secret, that every package says what it is, and
// that nothing in the repository looks like a credential.
//
// This package knows the shape of the repository. It does not know what any
// package does.
package rooms
