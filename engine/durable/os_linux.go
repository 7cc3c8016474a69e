package durable

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// renameExclusive is rename(2) that fails with EEXIST instead of replacing. File systems that do not know the flag get
// the link form.
func renameExclusive(from, to string) error {
	for {
		err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EOPNOTSUPP):
			return linkExclusive(from, to)
		default:
			return err
		}
	}
}

// syncData flushes a file's bytes and size, but not its times: those would cost an entry in the file system's journal.
func syncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func identity(fi os.FileInfo) (changeTime int64, id string) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, ""
	}
	return syscall.TimespecToNsec(st.Ctim), fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

// Kinds by the file system's magic number; those without a name in x/sys are GPFS, Lustre, BeeGFS and VirtualBox shares.
var networkMagic = map[uint32]string{
	unix.NFS_SUPER_MAGIC:  "nfs",
	unix.CIFS_SUPER_MAGIC: "cifs",
	unix.SMB2_SUPER_MAGIC: "smb2",
	unix.SMB_SUPER_MAGIC:  "smb",
	unix.FUSE_SUPER_MAGIC: "fuse",
	unix.V9FS_MAGIC:       "9p",
	unix.CEPH_SUPER_MAGIC: "ceph",
	unix.AFS_SUPER_MAGIC:  "afs",
	unix.AFS_FS_MAGIC:     "afs",
	unix.CODA_SUPER_MAGIC: "coda",
	0x47504653:            "gpfs",
	0x0BD00BD0:            "lustre",
	0x19830326:            "beegfs",
	0x786F4256:            "vboxsf",
}

func networkKind(path string) (string, error) {
	var st unix.Statfs_t
	for {
		err := unix.Statfs(path, &st)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return networkMagic[uint32(st.Type)], err
	}
}
