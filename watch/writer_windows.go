package watch

import (
	"errors"

	"golang.org/x/sys/windows"
)

func writer(path string) WriterState {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return Unknown
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_DELETE
	h, err := windows.CreateFile(p, windows.GENERIC_READ, share, nil,
		windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case err == nil:
		_ = windows.CloseHandle(h)
		return Free
	case errors.Is(err, windows.ERROR_SHARING_VIOLATION), errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return Busy
	}
	return Unknown
}
