package main

import (
	"mislaid/detectors"
	"mislaid/detectors/aws"
)

// newDetectors is the registry of detectors.
func newDetectors() (*detectors.Set, error) {
	return detectors.NewSet(
		aws.New(),
	)
}
