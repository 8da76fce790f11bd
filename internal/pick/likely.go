package pick

import (
	_ "embed"
	"sync"
)

//go:embed likely.txt
var likelyText []byte

// Likely returns the names that are likely to hold a credential of a cloud.
var Likely = sync.OnceValue(func() *Names {
	n, err := Parse("likely.txt", likelyText)
	if err != nil {
		panic("pick: " + err.Error()) // a test reads it
	}
	return n
})
