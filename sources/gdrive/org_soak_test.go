//go:build soak

package gdrive

import "testing"

func TestAuditLarge(t *testing.T) { testAudit(t, 500, 60, 300_000) }
