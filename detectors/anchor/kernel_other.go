//go:build !amd64 || purego

package anchor

// kernelScratch is what the assembly path needs: nothing here.
type kernelScratch struct{}

func hasKernel() bool { return false }

func (sc *Scanner) scanKernel(dst []Hit, b []byte) ([]Hit, int) { return sc.scanPortable(dst, b) }
