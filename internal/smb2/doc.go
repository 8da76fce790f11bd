// Package smb2 is a client of the SMB 2 and 3 protocols ([MS-SMB2], open specifications of Microsoft) that can
// only read. It negotiates 2.0.2 to 3.1.1, signs and checks every message of a
// session that has a key, and encrypts on request.
//
// It is our own because what a crawler lives on is missing from the libraries
// there are: small files opened, read and closed in one round trip, opens that
// do not keep others from deleting, previous versions, alternate streams,
// maximal access and DFS referrals. And what cannot write cannot harm: there is
// no call here that changes a file, a directory or a setting of a server. The
// one thing that is written is a remote procedure call into a named pipe.
//
// A Conn carries any number of calls at once. Every call ends when its context
// does, whatever the server does; a connection that broke the protocol, a
// signature or the network is dead for good, and the caller connects anew.
//
// This package knows messages, keys and credits. It does not know credentials,
// which a Mechanism brings, nor sources, retries or politeness.
package smb2
