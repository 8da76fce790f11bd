// Package secret holds what was found: secret bytes that cannot be printed,
// the credential they belong to, and the fingerprint that names it in public.
//
// This package knows how to keep a secret out of every kind of output. It does
// not know how secrets are found, verified or reported.
package secret
