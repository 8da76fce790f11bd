package audit

import (
	"context"
	"fmt"
	"slices"

	"mislaid/verify"
	"mislaid/verify/aws/capability"
)

// How many roles are read of which an identity may take one, and how many times
// one may be taken from another.
const (
	mostRoles = 25
	mostHops  = 3
)

// become reads the policies of the roles that an identity may assume, and of those
// that these may assume in turn. Who is an administrator already is not followed.
func (r *reader) become(ctx context.Context, f *verify.Facts, s *capability.Subject) {
	if s.Kind == "root" || capability.Judge(*s).Class == verify.C4 {
		return
	}
	left := mostRoles
	r.follow(ctx, f, s, mostHops, &left, []string{s.ARN})
	if left < 0 {
		s.Limits = append(s.Limits, fmt.Sprintf("it may assume more roles; the policies of %d were read", mostRoles))
	}
}

func (r *reader) follow(ctx context.Context, f *verify.Facts, s *capability.Subject, hops int, left *int, seen []string) {
	for _, b := range s.MayBecome() {
		if slices.Contains(seen, b.Role.ARN) {
			continue
		}
		if *left--; *left < 0 {
			return
		}
		var own verify.Facts
		role := r.subject()
		role.ARN = b.Role.ARN
		r.role(ctx, b.Role.Name, &own, &role)
		f.Unread = append(f.Unread, own.Unread...)
		role.Roles, role.RolesRead, role.Policies.Guards = s.Roles, s.RolesRead, s.Policies.Guards
		if hops > 1 {
			r.follow(ctx, f, &role, hops-1, left, append(slices.Clone(seen), b.Role.ARN))
		}
		b.Subject = role
		s.Becomes = append(s.Becomes, b)
	}
}
