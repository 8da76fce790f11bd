package local

import "golang.org/x/sys/unix"

const (
	oNoatime = unix.O_NOATIME
	oPath    = unix.O_PATH
)

// direntBuffer is the size in bytes of one getdents read.
const direntBuffer = 64 << 10

// readDir adds the entries of the directory h to l, unsorted. What was read
// before an error stays in l. rewind says that h was read before.
func readDir(h handle, l *listing, rewind bool) error {
	buf := getDirents()
	defer putDirents(buf)
	if rewind {
		if _, err := unix.Seek(h, 0, unix.SEEK_SET); err != nil {
			return wrapErrno(err)
		}
	}
	for {
		var n int
		err := retry(func() (err error) { n, err = unix.Getdents(h, *buf); return err })
		if err != nil {
			return wrapErrno(err)
		}
		if n == 0 {
			return nil
		}
		if err := parseDirents((*buf)[:n], l); err != nil {
			return err
		}
	}
}

// pseudo tells whether the file system of h is one of the kernel's views of
// itself. The numbers are those of statfs(2).
func pseudo(h handle) bool {
	var st unix.Statfs_t
	if err := retry(func() error { return unix.Fstatfs(h, &st) }); err != nil {
		return false
	}
	switch uint32(st.Type) {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.DEVPTS_SUPER_MAGIC, unix.CGROUP_SUPER_MAGIC,
		unix.CGROUP2_SUPER_MAGIC, unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.SECURITYFS_MAGIC,
		unix.SELINUX_MAGIC, unix.SMACK_MAGIC, unix.BPF_FS_MAGIC, unix.EFIVARFS_MAGIC, unix.BINFMTFS_MAGIC,
		unix.NSFS_MAGIC, configfsMagic, mqueueMagic, fusectlMagic, rpcPipefsMagic:
		return true
	}
	return false
}

// Numbers that package unix does not name; Linux fs/configfs/mount.c,
// ipc/mqueue.c, fs/fuse/control.c, net/sunrpc/rpc_pipe.c.
const (
	configfsMagic  = 0x62656570
	mqueueMagic    = 0x19800202
	fusectlMagic   = 0x65735543
	rpcPipefsMagic = 0x67596969
)
