// Package local is the Source of a directory tree or a single file of this
// machine, and of standard input.
//
// On Unix every component of a path is opened from a held directory
// descriptor with O_NOFOLLOW, so a tree that changes under the crawler, or
// that was laid out to mislead it, cannot lead it outside the root. Files are
// opened with O_NONBLOCK and are read only when fstat then says "regular
// file"; access times are left alone where the kernel allows it. On Windows an
// os.Root per directory gives the same promise.
//
// Items are listed depth first, the entries of a directory sorted by the bytes
// of their names. The ID of an item is its slash path relative to the root, in
// which control characters and bytes that are no UTF-8 are written \xHH. It is
// also the cursor.
//
// Config.FollowSymlinks follows links wherever they lead, out of the root as
// well. A link to a directory that is being walked is left out as a loop; the
// same file reached by two different links is listed at both places.
//
// Pseudo file systems such as /proc and /sys are left out unless the root
// itself lies in one. /dev is walked, because /dev/shm may hold files; the
// devices in it are left out one by one. The object store of a git repository
// holds compressed bytes that a scan cannot see: it is one unsupported item.
//
// The audience of a file is what its owner, group, mode, POSIX ACL and those
// of every directory above it allow to each account of the machine, widened by
// what the machine exports over NFS and SMB, and on a mounted share or export by
// those whom its server lets in, as far as the mount shows its NT ACLs. Anything
// that could not be found out is in Audience.Unresolved and raises the upper
// bound.
//
// This package knows Unix file trees, accounts and exports. It does not know
// what is in a file, who wants it, or what a remote server whose tree is mounted
// here does not show.
package local
