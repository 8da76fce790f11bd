package ntacl

import (
	"context"
	"errors"

	"mislaid/sources"
)

// ErrNoSuchSID says that whoever makes SIDs of this kind was asked and does not
// know this one: its account is gone, or belongs to a domain that is.
var ErrNoSuchSID = errors.New("no account has this SID")

// Directory knows the accounts behind SIDs, for one file server: the groups of
// that server as that server has them, the accounts of its domain as the domain
// has them. Safe for concurrent use.
type Directory interface {
	// Principal says who a SID is. The error wraps ErrNoSuchSID when nobody
	// is; any other error means that it could not be found out. What was found
	// out in spite of an error is returned with it.
	Principal(ctx context.Context, s SID) (Principal, error)

	// People bounds the number of people who have an enabled account where
	// the server looks accounts up.
	People(ctx context.Context) sources.Heads
}

// Kind is what a SID names.
type Kind uint8

// The kinds.
const (
	KindUnknown  Kind = iota
	KindUser          // a person's or a service's account
	KindComputer      // the account of a machine
	KindGroup         // a group of a domain
	KindAlias         // a group of one server
)

// State is how an account stands.
type State uint8

// The states.
const (
	StateUnknown State = iota
	Active
	Disabled
	Expired
	Gone // there is no such account any more
)

// Principal is somebody or a group whom a SID names.
type Principal struct {
	Name  string // DOMAIN\name as Windows shows it; "" not known
	Kind  Kind
	State State // of a user or computer

	// Groups are all groups that a user is in, through others too; they mean
	// something only when GroupsKnown.
	Groups      []SID
	GroupsKnown bool

	// Members are who an alias lists; they mean something only when
	// MembersKnown.
	Members      []SID
	MembersKnown bool

	// Also are SIDs that a group holds besides the people in Heads: users and
	// groups of other domains, everybody.
	Also []SID

	Heads sources.Heads // of a group: the people in it, through others too; Max < 0 not known
	Count string        // how they were counted, or why they could not be
	Open  bool          // anybody may add themselves
}

// Proof is whether something was tried, and how it ended.
type Proof uint8

// The proofs.
const (
	Untried Proof = iota
	Refused
	Proven
)

// Trusts is whether the domain of a server lets in users of other domains.
type Trusts uint8

// The kinds of trusts. An outbound trust with selective authentication lets
// nobody in by itself, so it counts as none.
const (
	TrustsUnknown Trusts = iota
	TrustsNone
	TrustsOutbound
)

// Server is what is known of a file server besides its descriptors. It is a
// value: a copy with other proofs speaks of one share. Safe for concurrent use.
type Server struct {
	Name       string    // as a person names it
	Null       Proof     // a session without a user name reads the share
	Guest      Proof     // a session that is the guest account reads the share
	Standalone bool      // it is known to be in no domain, so trusts do not matter
	Trusts     Trusts    // of its domain
	Samba      bool      // rules that no list shows, such as "valid users", may let in fewer
	Directory  Directory // nil: only well-known SIDs are known
}

// Place is one file as its server guards it.
type Place struct {
	Share    *Descriptor // of the share it is read through; nil: not read
	ShareErr error       // why
	File     *Descriptor // nil: not read, which is never taken for private
	FileErr  error       // why
	Parent   *Descriptor // of the directory that holds it, for how it is found; may be nil
}
