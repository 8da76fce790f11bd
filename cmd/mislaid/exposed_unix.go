//go:build unix

package main

import "io/fs"

// exposedTo says who beside its owner may read a file, "" for nobody.
func exposedTo(info fs.FileInfo) string {
	switch mode := info.Mode().Perm(); {
	case mode&0o004 != 0:
		return "everyone on this machine"
	case mode&0o040 != 0:
		return "its group"
	}
	return ""
}
