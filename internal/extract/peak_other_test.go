//go:build !linux

package extract

import "os"

// peakMemory is not known here: memory is limited on Linux alone.
func peakMemory(*os.ProcessState) int64 { return 0 }
