// Package paths says how files of a directory tree are named, wherever the tree
// lies: the IDs and cursors that stand for raw paths, and the patterns that
// leave paths out.
//
// This package knows paths. It does not know how a directory is read.
package paths
