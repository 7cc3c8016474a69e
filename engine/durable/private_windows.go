package durable

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// mkdirPrivate makes a folder that has its access list from the first moment.
func mkdirPrivate(dir string) error {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return err
	}
	sd, err := descriptor(true, user.User.Sid)
	if err != nil {
		return err
	}
	p, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return err
	}
	sa := &windows.SecurityAttributes{SecurityDescriptor: sd}
	sa.Length = uint32(unsafe.Sizeof(*sa))
	return windows.CreateDirectory(p, sa)
}

// restrict replaces the access list of path. One that inherits nothing was set on purpose, by us or by an administrator
// (who may have added a backup account): it stays.
func restrict(path string, dir bool) error {
	now, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	control, _, err := now.Control()
	if err != nil || control&windows.SE_DACL_PROTECTED != 0 {
		return err
	}
	owner, _, err := now.Owner()
	if err != nil {
		return err
	}
	// An elevated process makes files that belong to the group Administrators; without this entry its user would be
	// locked out as soon as he works without elevation.
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return err
	}
	sd, err := descriptor(dir, owner, user.User.Sid)
	if err != nil {
		return err
	}
	dacl, _, err := sd.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, dacl, nil)
}

// descriptor grants full access to SYSTEM, Administrators and the given accounts, and to nobody else; what is made inside
// a folder inherits it.
func descriptor(dir bool, accounts ...*windows.SID) (*windows.SECURITY_DESCRIPTOR, error) {
	inherit := ""
	if dir {
		inherit = "OICI"
	}
	sddl := "D:P(A;" + inherit + ";FA;;;SY)(A;" + inherit + ";FA;;;BA)"
	for _, sid := range accounts {
		sddl += "(A;" + inherit + ";FA;;;" + sid.String() + ")"
	}
	return windows.SecurityDescriptorFromString(sddl)
}
