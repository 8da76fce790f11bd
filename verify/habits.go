package verify

import "fmt"

// The bad habits of keeping keys that reports name, each with its evidence.
const (
	ManyAccounts    = "users-in-several-accounts"
	NoTrail         = "no-cloudtrail"
	NoInventory     = "user-without-inventory"
	Unrotated       = "unrotated-key"
	CarelessStorage = "careless-storage"
	NoMFA           = "no-mfa"
	Administrator   = "administrator-policy"
	LooseTrust      = "loose-role-trust"
	OwnTags         = "condition-on-own-tags"
	Escalation      = "privilege-escalation"
)

// habits are the titles, in the order of reports.
var habits = [...]struct{ id, title string }{
	{ManyAccounts, "IAM users in several accounts"},
	{NoTrail, "no CloudTrail"},
	{NoInventory, "IAM user without an inventory"},
	{Unrotated, "key that was not rotated"},
	{CarelessStorage, "carelessly stored credential"},
	{NoMFA, "no MFA"},
	{Administrator, "administrator or * policy"},
	{LooseTrust, "loose role trust"},
	{OwnTags, "condition on tags that it can set itself"},
	{Escalation, "known privilege escalation"},
}

// Habits lists the ids of all habits, in the order of reports.
func Habits() (ids []string) {
	for _, h := range habits {
		ids = append(ids, h.id)
	}
	return ids
}

// NewFinding returns a finding of a habit.
func NewFinding(id, format string, args ...any) Finding {
	f := Finding{ID: id, Evidence: fmt.Sprintf(format, args...)}
	for _, h := range habits {
		if h.id == id {
			f.Title = h.title
		}
	}
	return f
}
