// Package smbtest runs the servers that package smb is tested with: Debian's
// smbd on a loopback port.
//
// This package knows Samba's configuration. It does not know package smb.
package smbtest
