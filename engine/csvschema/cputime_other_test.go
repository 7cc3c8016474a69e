//go:build !unix

package csvschema_test

import "time"

var started = time.Now()

// cpuTime is the time on the clock where the system does not tell simply what a process has used.
func cpuTime() time.Duration { return time.Since(started) }
