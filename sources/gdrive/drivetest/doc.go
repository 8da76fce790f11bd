// Package drivetest is an organisation at Google for tests: its people, groups,
// shared drives and files, and the answers that Drive, the Directory, the Reports
// API and Google's token endpoint would give about them.
//
// The server is written from the discovery documents that ship with Google's own
// client, and holds every request against them: a path, a parameter, a page size
// or a field of a mask that is not in them is refused and told to the test, as is
// whatever is not a read.
//
// This package knows what Google documents of these answers. It does not know who
// reads them.
package drivetest
