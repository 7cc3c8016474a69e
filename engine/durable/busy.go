package durable

import "time"

// A virus scanner or an indexer opens a new file for some milliseconds, and Windows then refuses to rename or remove it.
const (
	busyTries = 10
	busyPause = 100 * time.Millisecond
)

// retryBusy repeats op while busy says that another program has the file open, for about a second in all.
func retryBusy(busy func(error) bool, op func() error) error {
	for try := 1; ; try++ {
		err := op()
		if err == nil || !busy(err) || try == busyTries {
			return err
		}
		time.Sleep(busyPause)
	}
}
