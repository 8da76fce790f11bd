// Package smb crawls the shares of file servers over SMB 2 and 3.
//
// A Source is one server, a container one of its shares or the part of it that
// a target names. A share is checkpointed as one: its listing goes depth first
// in the order of names, so a cursor is the path of a file, and resuming costs
// one listing for each directory on that path, however large the share is.
//
// All sources of a run share a Network: one account, which is never tried again
// once a server has refused it, and one set of sessions for each server, with
// its own limits, retries and circuit breaker. A call that a lost connection
// broke off is made again on a new one, and a body that was being read goes on
// at the next byte, provided that the file is still the same version. When a
// server stays away longer than Config.Patience, everything that waits for it
// ends with sources.ErrSession and nothing waits for it again.
//
// A DFS link below a share is a container of its own, whose ID is the path in the
// name space: an Item is found again there, whichever replica serves it. Where a
// link leads is asked when a server says that a path is not its own, so every
// call goes through Source.at. What several links, or links and targets, lead to
// is read once.
//
// The protocol is spoken by package internal/smb2, which cannot write; sources
// of items that change things therefore do not exist here. NTLM and Kerberos
// come from github.com/cloudsoda/go-smb2 and github.com/jcmturner/gokrb5.
//
// This package knows servers, shares, accounts and what they answer. It does not
// know what is done with the bytes, nor how a security descriptor is judged.
package smb
