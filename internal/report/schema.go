package report

import _ "embed" // for schema.json

//go:embed schema.json
var schema string

// Schema returns the JSON Schema (draft 2020-12) of the json format; its
// "$defs/line" describes a line of the jsonl format.
func Schema() string { return schema }
